import { Button, CopyButton, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { api, must } from '../api/client';
import { Wrong } from '../parts/Notice';

const spans = [
  { value: '', label: 'As long as the question waits, at most 7 days' },
  { value: '24', label: 'A day' },
  { value: '72', label: '3 days' },
  { value: '168', label: '7 days' },
  { value: '720', label: '30 days' },
];

/** Makes a link by which somebody without an account answers one question, once. */
export function LinkMaker({ run, path, opened, onClose }: { run: string; path: string; opened: boolean; onClose: () => void }) {
  const [who, setWho] = useState('');
  const [hours, setHours] = useState('');
  const make = useMutation({
    mutationFn: () => must(api.POST('/api/v1/runs/{id}/link', { params: { path: { id: run } }, body: { for: who.trim(), at: path, hours: hours ? Number(hours) : undefined } })),
  });
  const close = () => {
    make.reset();
    setWho('');
    onClose();
  };
  const made = make.data;
  return (
    <Modal opened={opened} onClose={close} title="A link to this question" centered closeButtonProps={{ 'aria-label': 'Close' }}>
      {made ? (
        <Stack gap="sm">
          <Text size="sm">For <b>{made.for}</b>, good for one answer until {new Date(made.ends).toLocaleString()}. It is shown only now: whoever has it can answer, so send it to this person only.</Text>
          <div className="made-link mono" role="textbox" aria-readonly aria-label="The link" tabIndex={0}>{made.url}</div>
          <Group>
            <CopyButton value={made.url}>{({ copied, copy }) => <Button onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>}</CopyButton>
            <Button variant="default" onClick={close}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            make.mutate();
          }}
        >
          <Stack gap="sm">
            <Text size="sm">Who opens it sees this question and nothing else, without an account, and answers it once. The answer counts as theirs.</Text>
            <TextInput label="Who is it for?" description="A mail address or a name" required maxLength={200} value={who} onChange={(e) => setWho(e.currentTarget.value)} data-autofocus />
            <Select label="Good for" data={spans} value={hours} onChange={(v) => setHours(v ?? '')} allowDeselect={false} />
            {make.error && <Wrong error={make.error} />}
            <Group>
              <Button type="submit" loading={make.isPending} disabled={!who.trim()}>Make the link</Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
