import { Alert, Anchor, Button, Card, Group, Modal, PasswordInput, Stack, Table, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { Confirm } from '../ops/Confirm';
import { count } from '../ops/format';
import { useMay } from '../parts/may';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { When } from '../parts/When';

type Secret = Schemas['SecretEntry'];

/** Stores a secret: a new one, or another value of one. The value goes to the server and nowhere else. */
function SetSecret({ secret, opened, onClose, onDone }: { secret: Secret | null; opened: boolean; onClose: () => void; onDone: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title={secret ? `Another value for ${secret.name}` : 'New secret'}>
      {opened && <Fields key={secret?.name ?? ''} secret={secret} onClose={onClose} onDone={onDone} />}
    </Modal>
  );
}

function Fields({ secret, onClose, onDone }: { secret: Secret | null; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState(secret?.name ?? '');
  const [value, setValue] = useState('');
  const [lines, setLines] = useState(false);
  const [description, setDescription] = useState(secret?.description ?? '');
  const send = useMutation({
    gcTime: 0, // the value is not kept in the page either
    mutationFn: () => must(api.PUT('/api/v1/secrets/{name}', { params: { path: { name } }, body: { value, description } })),
    onSuccess: onDone,
  });
  return (
    <form
      autoComplete="off"
      onSubmit={(e) => {
        e.preventDefault();
        send.mutate();
      }}
    >
      <Stack>
        {!secret && <TextInput label="Name" description="As flows write it: {secret: NAME}" required maxLength={128} value={name} onChange={(e) => setName(e.currentTarget.value)} />}
        {lines ? (
          <Textarea label="Value" description="It is encrypted, and nobody sees it again." required autosize minRows={4} maxRows={12} autoComplete="off" spellCheck={false} value={value} onChange={(e) => setValue(e.currentTarget.value)} />
        ) : (
          <PasswordInput label="Value" description="It is encrypted, and nobody sees it again." required autoComplete="new-password" value={value} onChange={(e) => setValue(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': 'Show what is typed' }} />
        )}
        <Group><Anchor component="button" type="button" size="sm" onClick={() => setLines((v) => !v)}>{lines ? 'It has one line' : 'It has several lines, as a key has'}</Anchor></Group>
        <TextInput label="Description" description="What it is for; it is not encrypted" maxLength={1000} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
        {secret && (secret.used_by ?? []).length > 0 && <Text size="sm">Runs read it when a node needs it: the next node of any of {count((secret.used_by ?? []).length, 'flow')} has the new value.</Text>}
        {send.error && <Wrong error={send.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Leave it</Button>
          <Button type="submit" loading={send.isPending}>Store</Button>
        </Group>
      </Stack>
    </form>
  );
}

function UsedBy({ secret }: { secret: Secret }) {
  const uses = secret.used_by ?? [];
  if (uses.length === 0) return <Text size="sm" c="dimmed">No flow names it</Text>;
  return (
    <Stack gap={2}>
      {uses.slice(0, 5).map((u) => (
        <Text size="sm" key={u.flow} className="wrap"><Link to="/flows/$name" params={{ name: u.flow }}>{u.flow}</Link>{u.production ? (u.draft ? '' : ', in production only') : ', in the draft'}</Text>
      ))}
      {uses.length > 5 && <Text size="sm" c="dimmed">and {count(uses.length - 5, 'more flow')}</Text>}
    </Stack>
  );
}

/** The secrets of the store, by name: who uses them, and new values. No value is ever shown. */
export default function Secrets() {
  const may = useMay();
  const queries = useQueryClient();
  const [setting, setSetting] = useState<Secret | 'new' | null>(null);
  const [dropping, setDropping] = useState<Secret | null>(null);
  const list = useQuery({ queryKey: ['secrets'], refetchInterval: 15_000, queryFn: () => must(api.GET('/api/v1/secrets')) });
  const refresh = () => queries.invalidateQueries({ queryKey: ['secrets'] });
  const drop = useMutation({
    mutationFn: (name: string) => must(api.DELETE('/api/v1/secrets/{name}', { params: { path: { name } } })),
    onSuccess: () => {
      setDropping(null);
      void refresh();
    },
  });
  const secrets = list.data?.items ?? [];
  const write = may('secrets.write');
  const make = write && <Button onClick={() => setSetting('new')}>New secret…</Button>;
  return (
    <Stack className="page">
      <Group justify="space-between" align="end">
        <Title order={1} size="h2">Secrets</Title>
        {secrets.length > 0 && make}
      </Group>
      {list.error ? <Wrong error={list.error} again={() => void list.refetch()} /> : null}
      {list.isPending ? <Loading /> : secrets.length === 0 ? (
        list.error ? null : <Empty title="There is no secret">A flow names a secret and never holds its value: <span className="mono">{'{secret: NAME}'}</span>{make && <div style={{ marginTop: 12 }}>{make}</div>}</Empty>
      ) : (
        <Card withBorder padding={0} radius="md"><Table.ScrollContainer minWidth={760}>
          <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover>
            <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>Used by</Table.Th><Table.Th>Changed</Table.Th><Table.Th>Last read</Table.Th><Table.Th aria-label="What can be done" /></Table.Tr></Table.Thead>
            <Table.Tbody>
              {secrets.map((s) => (
                <Table.Tr key={s.name}>
                  <Table.Td maw={360} className="wrap"><span className="mono">{s.name}</span>{s.description && <Text size="sm" c="dimmed" lineClamp={2}>{s.description}</Text>}</Table.Td>
                  <Table.Td maw={300}><UsedBy secret={s} /></Table.Td>
                  <Table.Td><When at={s.updated} /></Table.Td>
                  <Table.Td>{s.read ? <When at={s.read} /> : <Text size="sm" c="dimmed">never</Text>}</Table.Td>
                  <Table.Td>
                    {write && (
                      <Group gap={4} wrap="nowrap" justify="end">
                        <Button size="compact-xs" variant="subtle" aria-label={`Another value for ${s.name}`} onClick={() => setSetting(s)}>Another value…</Button>
                        <Button size="compact-xs" variant="subtle" color="red" aria-label={`Delete ${s.name}`} onClick={() => setDropping(s)}>Delete…</Button>
                      </Group>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer></Card>
      )}
      <SetSecret
        secret={setting === 'new' ? null : setting}
        opened={setting !== null}
        onClose={() => setSetting(null)}
        onDone={() => {
          setSetting(null);
          void refresh();
        }}
      />
      <Confirm opened={dropping !== null} title={`Delete ${dropping?.name ?? ''}?`} yes="Delete" pending={drop.isPending} error={drop.error} onYes={() => dropping && drop.mutate(dropping.name)} onClose={() => setDropping(null)}>
        The value is gone for good.
        {dropping && (dropping.used_by ?? []).length > 0 && <Alert color="orange" mt="sm" title={`${count((dropping.used_by ?? []).length, 'flow names', 'flows name')} it`}>Their nodes that need it will fail: {(dropping.used_by ?? []).slice(0, 8).map((u) => u.flow).join(', ')}</Alert>}
      </Confirm>
    </Stack>
  );
}
