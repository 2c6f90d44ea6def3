import '../ops/ops.css';

import { Badge, Button, Card, Checkbox, CopyButton, Group, Modal, PasswordInput, Select, Stack, Table, Tabs, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { Confirm } from '../ops/Confirm';
import { useMay } from '../parts/may';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { When } from '../parts/When';

type Account = Schemas['Account'];
type Token = Schemas['Token'];

const people = [
  { value: 'viewer', label: 'Viewer: looks' },
  { value: 'operator', label: 'Operator: starts, stops and answers runs, looks after jobs, items and robots' },
  { value: 'developer', label: 'Developer: publishes flows, decides about healed targets, makes queues' },
  { value: 'admin', label: 'Admin: accounts, tokens, secrets, settings' },
];
const programs = [...people, { value: 'robot', label: 'Robot: does the work of a robot over HTTPS, and nothing else' }];
type Role = 'viewer' | 'operator' | 'developer' | 'admin';

function AccountForm({ account, onClose, onDone }: { account: Account | null; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState(account?.name ?? '');
  const [role, setRole] = useState<string>(account?.role ?? 'viewer');
  const [password, setPassword] = useState('');
  const [disabled, setDisabled] = useState(account?.disabled ?? false);
  const send = useMutation({
    gcTime: 0,
    mutationFn: () => must(api.PUT('/api/v1/accounts/{name}', { params: { path: { name } }, body: { role: role as Role, password: password || undefined, disabled } })),
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
        {!account && <TextInput label="Name" description="Letters, digits, . _ @ and -" required maxLength={100} autoComplete="off" value={name} onChange={(e) => setName(e.currentTarget.value)} />}
        <Select label="Role" data={people} allowDeselect={false} value={role} onChange={(v) => setRole(v ?? 'viewer')} />
        <PasswordInput label={account ? 'New password' : 'Password'} description={account ? 'Left empty, it stays. A new one signs its owner out everywhere.' : 'At least 10 characters'} required={!account} minLength={10} autoComplete="new-password" value={password} onChange={(e) => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': 'Show what is typed' }} />
        <Checkbox label="Closed" description="Nobody can sign in with it, and who is signed in is signed out." checked={disabled} onChange={(e) => setDisabled(e.currentTarget.checked)} />
        {send.error && <Wrong error={send.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Leave it</Button>
          <Button type="submit" loading={send.isPending}>{account ? 'Save' : 'Make the account'}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Accounts() {
  const may = useMay();
  const queries = useQueryClient();
  const [editing, setEditing] = useState<Account | 'new' | null>(null);
  const list = useQuery({ queryKey: ['accounts'], queryFn: () => must(api.GET('/api/v1/accounts')) });
  const accounts = list.data?.items ?? [];
  const write = may('access.write');
  const make = write && <Button onClick={() => setEditing('new')}>New account…</Button>;
  return (
    <Stack>
      {list.error ? <Wrong error={list.error} again={() => void list.refetch()} /> : list.isPending ? <Loading /> : accounts.length === 0 ? (
        <Empty title="There is no account">People who come often sign in with a name and a password.{make && <div style={{ marginTop: 12 }}>{make}</div>}</Empty>
      ) : (
        <>
          <Group justify="end">{make}</Group>
          <Card withBorder padding={0} radius="md"><Table.ScrollContainer minWidth={520}>
            <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover>
              <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>Role</Table.Th><Table.Th>Made</Table.Th><Table.Th aria-label="What can be done" /></Table.Tr></Table.Thead>
              <Table.Tbody>
                {accounts.map((a) => (
                  <Table.Tr key={a.name}>
                    <Table.Td className="wrap">{a.name} {a.disabled && <Badge color="gray" variant="light" size="sm" radius="sm" tt="none" className="status" data-color="gray">Closed</Badge>}</Table.Td>
                    <Table.Td>{a.role}</Table.Td>
                    <Table.Td><When at={a.created} /></Table.Td>
                    <Table.Td>{write && <Group justify="end"><Button size="compact-xs" variant="subtle" aria-label={`Change ${a.name}`} onClick={() => setEditing(a)}>Change…</Button></Group>}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer></Card>
        </>
      )}
      <Modal opened={editing !== null} onClose={() => setEditing(null)} title={editing && editing !== 'new' ? `Account ${editing.name}` : 'New account'}>
        {editing && (
          <AccountForm
            account={editing === 'new' ? null : editing}
            onClose={() => setEditing(null)}
            onDone={() => {
              setEditing(null);
              void queries.invalidateQueries({ queryKey: ['accounts'] });
            }}
          />
        )}
      </Modal>
    </Stack>
  );
}

function TokenForm({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState('viewer');
  const [days, setDays] = useState('90');
  const send = useMutation({
    gcTime: 0, // the secret is gone with the dialog
    mutationFn: () => must(api.POST('/api/v1/tokens', { body: { name, role: role as Role | 'robot', expires: days === '0' ? undefined : new Date(Date.now() + Number(days) * 86400_000).toISOString() } })),
    onSuccess: onMade,
  });
  if (send.data) {
    const { secret } = send.data;
    return (
      <Stack>
        <Text size="sm">This is the token. It is shown only now and kept nowhere: copy it to where it is needed.</Text>
        <code className="once mono">{secret}</code>
        <Group justify="end">
          <CopyButton value={secret}>{({ copied, copy }) => <Button variant="default" onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>}</CopyButton>
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        send.mutate();
      }}
    >
      <Stack>
        <TextInput label="Name" description="What it is for" required maxLength={100} value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <Select label="What it may do" data={programs} allowDeselect={false} value={role} onChange={(v) => setRole(v ?? 'viewer')} />
        <Select label="Good for" data={[{ value: '1', label: 'A day' }, { value: '30', label: '30 days' }, { value: '90', label: '90 days' }, { value: '365', label: 'A year' }, { value: '0', label: 'Ever' }]} allowDeselect={false} value={days} onChange={(v) => setDays(v ?? '90')} />
        {send.error && <Wrong error={send.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Leave it</Button>
          <Button type="submit" loading={send.isPending}>Make the token</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Tokens() {
  const may = useMay();
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const list = useQuery({ queryKey: ['tokens'], refetchInterval: 15_000, queryFn: () => must(api.GET('/api/v1/tokens')) });
  const tokens = list.data?.items ?? [];
  const refresh = () => void queries.invalidateQueries({ queryKey: ['tokens'] });
  const revoke = useMutation({
    mutationFn: (id: string) => must(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      setRevoking(null);
      refresh();
    },
  });
  const write = may('access.write');
  return (
    <Stack>
      {write && <Group justify="end"><Button onClick={() => setMaking(true)}>New token…</Button></Group>}
      {list.error ? <Wrong error={list.error} again={() => void list.refetch()} /> : list.isPending ? <Loading /> : tokens.length === 0 ? (
        <Empty title="There is no token">Programs and robots behind firewalls send a token with each request.</Empty>
      ) : (
        <Card withBorder padding={0} radius="md"><Table.ScrollContainer minWidth={680}>
          <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover>
            <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>May do what</Table.Th><Table.Th>Made</Table.Th><Table.Th>Last used</Table.Th><Table.Th>Expires</Table.Th><Table.Th aria-label="What can be done" /></Table.Tr></Table.Thead>
            <Table.Tbody>
              {tokens.map((t) => (
                <Table.Tr key={t.id}>
                  <Table.Td maw={320} className="wrap">{t.name}<Text size="xs" c="dimmed" className="mono">{t.id}</Text></Table.Td>
                  <Table.Td>{t.role}</Table.Td>
                  <Table.Td><When at={t.created} /></Table.Td>
                  <Table.Td>{t.used ? <When at={t.used} /> : <Text size="sm" c="dimmed">never</Text>}</Table.Td>
                  <Table.Td>{t.expires ? <When at={t.expires} /> : <Text size="sm" c="dimmed">never</Text>}</Table.Td>
                  <Table.Td>{write && <Group justify="end"><Button size="compact-xs" variant="subtle" color="red" aria-label={`Revoke ${t.name}`} onClick={() => setRevoking(t)}>Revoke…</Button></Group>}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer></Card>
      )}
      <Modal opened={making} onClose={() => setMaking(false)} title="New token">{making && <TokenForm onClose={() => setMaking(false)} onMade={refresh} />}</Modal>
      <Confirm opened={revoking !== null} title={`Revoke the token ${revoking?.name ?? ''}?`} yes="Revoke" pending={revoke.isPending} error={revoke.error} onYes={() => revoking && revoke.mutate(revoking.id)} onClose={() => setRevoking(null)}>
        The program that has it is refused at once.
      </Confirm>
    </Stack>
  );
}

/** Who may do what: accounts of people, tokens of programs. */
export default function Access() {
  return (
    <Stack className="page">
      <Title order={1} size="h2">Access</Title>
      <Tabs defaultValue="accounts" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="accounts">Accounts</Tabs.Tab>
          <Tabs.Tab value="tokens">Tokens</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="accounts"><Accounts /></Tabs.Panel>
        <Tabs.Panel value="tokens"><Tokens /></Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
