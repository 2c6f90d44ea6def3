import { Button, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';

import { api, must } from '../api/client';
import { Listing } from '../parts/Listing';
import { Empty } from '../parts/Notice';

/** A day as the server is asked for it, in the zone of who looks; next is the day after. */
const day = (text: string | undefined, next = false) => {
  if (!text) return undefined;
  const d = new Date(`${text}T00:00`);
  if (Number.isNaN(d.getTime())) return undefined;
  if (next) d.setDate(d.getDate() + 1);
  return d.toISOString();
};

/** Who did what, newest first. */
export default function Audit() {
  const search = useSearch({ from: '/inside/audit' });
  const go = useNavigate({ from: '/audit' });
  const { who, action, object, from, to } = search;
  const list = useInfiniteQuery({
    queryKey: ['audit', search],
    queryFn: ({ pageParam }) => must(api.GET('/api/v1/audit', { params: { query: { limit: 100, cursor: pageParam, who, action, object, from: day(from), to: day(to, true) } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: (q) => ((q.state.data?.pages.length ?? 0) > 1 ? false : 5000),
  });
  const set = useDebouncedCallback((of: keyof typeof search, v: string) => void go({ search: (s) => ({ ...s, [of]: v || undefined }), replace: true }), 300);
  const acts = list.data?.pages.flatMap((p) => p.items ?? []) ?? [];
  const filtered = Object.values(search).some(Boolean);
  return (
    <Stack className="page">
      <Title order={1} size="h2">Audit log</Title>
      <Group align="end" gap="sm">
        <TextInput label="Who" placeholder="Account or token" defaultValue={who} key={`who ${who ?? ''}`} onChange={(e) => set('who', e.currentTarget.value)} w={170} />
        <TextInput label="Did what" placeholder="set-secret" defaultValue={action} key={`action ${action ?? ''}`} onChange={(e) => set('action', e.currentTarget.value)} w={170} />
        <TextInput label="To what" placeholder="Name or number" defaultValue={object} key={`object ${object ?? ''}`} onChange={(e) => set('object', e.currentTarget.value)} w={170} />
        <TextInput label="From" type="date" value={from ?? ''} onChange={(e) => void go({ search: (s) => ({ ...s, from: e.currentTarget.value || undefined }), replace: true })} w={160} />
        <TextInput label="To" type="date" value={to ?? ''} onChange={(e) => void go({ search: (s) => ({ ...s, to: e.currentTarget.value || undefined }), replace: true })} w={160} />
        {filtered && <Button variant="light" onClick={() => void go({ search: {} })}>Show all</Button>}
      </Group>
      <Listing
        pages={list}
        count={acts.length}
        minWidth={700}
        spacing="xs"
        empty={<Empty title={filtered ? 'No line fits' : 'Nothing was done yet'}>{filtered ? null : 'Who changes anything over the API or in these pages is noted here.'}</Empty>}
        heads={['When', 'Who', 'Did what', 'To what', 'Detail']}
      >
        {acts.map((a) => (
          <Table.Tr key={a.id}>
            <Table.Td><time dateTime={a.at}>{new Date(a.at).toLocaleString('en-GB')}</time></Table.Td>
            <Table.Td maw={200} className="wrap">{a.who}</Table.Td>
            <Table.Td><Text size="sm" className="mono">{a.action}</Text></Table.Td>
            <Table.Td maw={280} className="wrap">{a.object}</Table.Td>
            <Table.Td maw={280} className="wrap">{a.detail}</Table.Td>
          </Table.Tr>
        ))}
      </Listing>
    </Stack>
  );
}
