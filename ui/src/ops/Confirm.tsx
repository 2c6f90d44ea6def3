import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { Wrong } from '../parts/Notice';

interface Props {
  opened: boolean;
  title: string;
  /** What will happen, in a sentence or two. */
  children: ReactNode;
  /** The word on the button. */
  yes: string;
  pending: boolean;
  error?: unknown;
  onYes: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ opened, title, children, yes, pending, error, onYes, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Stack>
        <Text size="sm" component="div">{children}</Text>
        {error ? <Wrong error={error} /> : null}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Leave it</Button>
          <Button color="red" loading={pending} onClick={onYes}>{yes}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
