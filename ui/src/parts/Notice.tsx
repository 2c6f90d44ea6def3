import { Alert, Button, Center, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { Problem } from '../api/client';

/** What a page shows while it asks. */
export function Loading() {
  return (
    <Center mih={200} role="status" aria-label="Loading">
      <Loader />
    </Center>
  );
}

/** What a page shows where there is nothing yet: what would be here, and how it comes to be. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center mih={220} p="md">
      <Stack gap={6} align="center" maw={520}>
        <Title order={2} size="h4" ta="center">{title}</Title>
        <Text c="dimmed" ta="center" component="div">{children}</Text>
      </Stack>
    </Center>
  );
}

/** What a page shows when the server says that something is wrong: the sentence, what to do, and where. */
export function Wrong({ error, again }: { error: unknown; again?: () => void }) {
  const p = error instanceof Problem ? error : new Problem(0, error instanceof Error ? error.message : String(error));
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={p.message} role="alert">
      <Stack gap="xs">
        {p.hint && <Text size="sm">{p.hint}</Text>}
        {p.details.map((d, i) => (
          <Text size="sm" key={i}>
            {d.path && <span className="mono">{d.path}: </span>}
            {d.message}
          </Text>
        ))}
        {again && (
          <Group>
            <Button size="xs" variant="default" onClick={again}>Try again</Button>
          </Group>
        )}
      </Stack>
    </Alert>
  );
}
