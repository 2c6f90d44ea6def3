import { Button, Group, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';

import { api, must, type Run } from '../api/client';
import { DemoLink } from '../demo/DemoLink';
import { Listing } from '../parts/Listing';
import { Empty } from '../parts/Notice';
import { shownStatus, Status } from '../parts/Status';
import { duration, useNow } from '../parts/time';
import { When } from '../parts/When';

const statuses = [
  { value: 'attention', label: 'Needs attention' },
  { value: 'running', label: 'Running' },
  { value: 'queued', label: 'Queued' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'failed', label: 'Failed' },
  { value: 'done', label: 'Done' },
  { value: 'cancelled', label: 'Cancelled' },
];
type Wanted = 'queued' | 'running' | 'waiting' | 'attention' | 'done' | 'failed' | 'cancelled';

function Took({ run, now }: { run: Run; now: number }) {
  if (!run.started) return null;
  const open = !run.ended && run.status !== 'running';
  return <>{open ? '' : duration((run.ended ? Date.parse(run.ended) : now) - Date.parse(run.started))}</>;
}

/** The list of runs, newest first. */
export default function Runs() {
  const { flow, status } = useSearch({ from: '/inside/runs' });
  const go = useNavigate({ from: '/runs' });
  const now = useNow(1000);
  const list = useInfiniteQuery({
    queryKey: ['runs', flow ?? '', status ?? ''],
    queryFn: ({ pageParam }) => must(api.GET('/api/v1/runs', { params: { query: { limit: 50, cursor: pageParam, flow, status: status as Wanted | undefined } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: (q) => ((q.state.data?.pages.length ?? 0) > 3 ? false : 2000),
  });
  const setFlow = useDebouncedCallback((v: string) => void go({ search: (s) => ({ ...s, flow: v || undefined }), replace: true }), 300);
  const runs = list.data?.pages.flatMap((p) => p.items ?? []) ?? [];
  const filtered = !!flow || !!status;
  return (
    <Stack className="page">
      <Group justify="space-between" align="end">
        <Title order={1} size="h2">Runs</Title>
        <Group align="end" gap="sm">
          <TextInput label="Flow" placeholder="Name of a flow" defaultValue={flow} key={flow ?? ''} onChange={(e) => setFlow(e.currentTarget.value)} w={200} />
          <Select label="Status" placeholder="Any" data={statuses} value={status ?? null} onChange={(v) => void go({ search: (s) => ({ ...s, status: v ?? undefined }) })} clearable w={180} />
        </Group>
      </Group>
      <Listing
        pages={list}
        count={runs.length}
        minWidth={640}
        empty={filtered ? (
          <Empty title="No run fits">
            <Button variant="light" onClick={() => void go({ search: {} })}>Show all runs</Button>
          </Empty>
        ) : (
          <Empty title="Nothing has run yet">
            Choose a flow under <Link to="/flows">Flows</Link> and start it, or send one from a terminal: <span className="mono">aether flow push my.flow.yaml</span>
            <div><DemoLink /></div>
          </Empty>
        )}
        heads={['Flow', 'Status', 'Started', 'Took', 'Nodes']}
      >
        {runs.map((r) => (
          <Table.Tr key={r.id}>
            <Table.Td maw={380}>
              <Link to="/runs/$id" params={{ id: r.id }} className="rows-link">{r.flow}</Link>
              <Text size="xs" c="dimmed" className="mono">{r.id}</Text>
              {r.failure && <Text size="xs" lineClamp={1} title={r.failure.message}>{r.failure.message}</Text>}
            </Table.Td>
            <Table.Td><Status of={shownStatus(r)} /></Table.Td>
            <Table.Td><When at={r.started ?? r.created} /></Table.Td>
            <Table.Td><Took run={r} now={now} /></Table.Td>
            <Table.Td>{r.nodes}</Table.Td>
          </Table.Tr>
        ))}
      </Listing>
    </Stack>
  );
}
