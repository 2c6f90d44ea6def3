import { Stack, Text } from '@mantine/core';

import type { Failure } from '../api/client';
import { Json } from '../parts/Json';

/** A failure: the sentence first, then what to do, then what is known beside it. */
export function FailureText({ failure }: { failure: Failure }) {
  const details = failure.details as Record<string, unknown> | null | undefined;
  return (
    <Stack gap={6}>
      <Text size="sm" fw={550}>{failure.message}</Text>
      {failure.hint && <Text size="sm">{failure.hint}</Text>}
      <Text size="xs" c="dimmed">
        {failure.kind}
        {failure.path ? <> at <span className="mono">{failure.path}</span></> : null}
      </Text>
      {details && Object.keys(details).length > 0 && <Json value={details} label="Details of the failure" />}
    </Stack>
  );
}
