import { Button, Checkbox, Group, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must, type Job } from '../api/client';
import { Board } from '../ops/Board';
import { useMay } from '../parts/may';
import { Requeue } from '../ops/Requeue';
import { Why } from '../ops/Why';
import { Listing } from '../parts/Listing';
import { Empty } from '../parts/Notice';
import { Status } from '../parts/Status';
import { duration, useNow } from '../parts/time';
import { When } from '../parts/When';

const states = [
  { value: '', label: 'Board' },
  { value: 'all', label: 'All' },
  { value: 'ready', label: 'Ready' },
  { value: 'leased', label: 'At work' },
  { value: 'later', label: 'Later' },
  { value: 'held', label: 'Held' },
  { value: 'dead', label: 'Dead letters' },
  { value: 'poison', label: 'Poison' },
];
type Wanted = 'ready' | 'leased' | 'later' | 'held' | 'dead' | 'poison';

/** The queue: which jobs wait, are at work, or are dead letters, and why. */
export default function Queue() {
  const { state = '' } = useSearch({ from: '/inside/queue' });
  const go = useNavigate({ from: '/queue' });
  const may = useMay();
  const wanted = state === 'all' ? '' : state;
  const queries = useQueryClient();
  const now = useNow(1000);
  const [why, setWhy] = useState<Job | null>(null);
  const [chosen, setChosen] = useState<Set<number>>(new Set());
  const [asking, setAsking] = useState(false);
  const list = useInfiniteQuery({
    queryKey: ['jobs', wanted],
    enabled: state !== '',
    queryFn: ({ pageParam }) => must(api.GET('/api/v1/jobs', { params: { query: { limit: 100, cursor: pageParam, state: (wanted || undefined) as Wanted | undefined } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: (q) => ((q.state.data?.pages.length ?? 0) > 3 ? false : 2000),
  });
  const jobs = list.data?.pages.flatMap((p) => p.items ?? []) ?? [];
  const dead = may('queue.write') ? jobs.filter((j) => j.state === 'dead' || j.state === 'poison') : [];
  const picked = dead.filter((j) => chosen.has(j.id)).map((j) => j.id);
  const refresh = () => {
    setChosen(new Set());
    for (const key of ['jobs', 'queue-stats', 'dead-groups']) void queries.invalidateQueries({ queryKey: [key] });
  };
  const onError = (e: Error) => notifications.show({ color: 'red', message: e.message });
  const drop = useMutation({ mutationFn: () => must(api.POST('/api/v1/jobs/drop', { body: { jobs: picked } })), onSuccess: refresh, onError });
  const cancel = useMutation({ mutationFn: (id: number) => must(api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id } } })), onSuccess: refresh, onError });
  const toggle = (id: number) => setChosen((s) => {
    const next = new Set(s);
    if (!next.delete(id)) next.add(id);
    return next;
  });
  return (
    <Stack className="page">
      <Group justify="space-between" align="end">
        <Title order={1} size="h2">Queue</Title>
        <div className="scroll"><SegmentedControl data={states} value={state} onChange={(v) => void go({ search: { state: v || undefined } })} aria-label="State" /></div>
      </Group>
      {picked.length > 0 && (
        <Group gap="xs">
          <Text size="sm">{picked.length} chosen</Text>
          <Button size="xs" onClick={() => setAsking(true)}>Try again…</Button>
          <Button size="xs" variant="default" color="red" loading={drop.isPending} onClick={() => drop.mutate()}>Take out of the queue</Button>
        </Group>
      )}
      {state === '' ? <Board onWhy={setWhy} onCancel={may('queue.write') ? (id) => cancel.mutate(id) : undefined} /> : <Listing
        pages={list}
        count={jobs.length}
        minWidth={760}
        spacing="xs"
        empty={<Empty title={wanted ? 'No job is in this state' : 'The queue is empty'}>{wanted ? null : 'All that was asked for is done.'}</Empty>}
        heads={[dead.length > 0 ? (<Checkbox size="xs" aria-label="Choose all dead letters" checked={picked.length === dead.length} indeterminate={picked.length > 0 && picked.length < dead.length} onChange={() => setChosen(picked.length === dead.length ? new Set() : new Set(dead.map((j) => j.id)))} />) : null, 'Job', 'Run', 'State', 'Priority', 'Attempt', 'Robot', 'Added', ' ']}
      >
        {jobs.map((j) => (
          <Table.Tr key={j.id}>
            <Table.Td>{dead.includes(j) && <Checkbox size="xs" aria-label={`Choose job ${j.id}`} checked={chosen.has(j.id)} onChange={() => toggle(j.id)} />}</Table.Td>
            <Table.Td>{j.id}</Table.Td>
            <Table.Td maw={300}>
              <Link to="/runs/$id" params={{ id: j.run }} className="rows-link mono">{j.run}</Link>
              {j.reason && <Text size="xs" lineClamp={2}>{j.reason}</Text>}
            </Table.Td>
            <Table.Td>
              <Status of={j.state} />
              {j.lease && j.state === 'leased' && <Text size="xs" c="dimmed">lease {duration(Math.max(0, Date.parse(j.lease) - now))}</Text>}
            </Table.Td>
            <Table.Td>{j.priority}</Table.Td>
            <Table.Td>{j.attempt} of {j.retry.attempts ?? 3}</Table.Td>
            <Table.Td>{j.robot}</Table.Td>
            <Table.Td><When at={j.created} /></Table.Td>
            <Table.Td>
              <Group gap={6} wrap="nowrap" justify="end">
                {j.state !== 'leased' && j.state !== 'dead' && j.state !== 'poison' && <Button size="compact-xs" variant="subtle" onClick={() => setWhy(j)}>Why?</Button>}
                {may('queue.write') && j.state !== 'dead' && j.state !== 'poison' && <Button size="compact-xs" variant="subtle" color="red" onClick={() => cancel.mutate(j.id)}>Cancel</Button>}
              </Group>
            </Table.Td>
          </Table.Tr>
        ))}
      </Listing>}
      <Why job={why} onClose={() => setWhy(null)} />
      <Requeue
        which={{ jobs: picked }}
        many={picked.length}
        run={picked.length === 1 ? dead.find((j) => j.id === picked[0])?.run : undefined}
        opened={asking}
        onClose={(done) => {
          setAsking(false);
          if (done) refresh();
        }}
      />
    </Stack>
  );
}
