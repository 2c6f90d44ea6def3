import { Badge, Button, Card, Checkbox, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must, type Job, type Schemas } from '../api/client';
import { Confirm } from '../ops/Confirm';
import { count } from '../ops/format';
import { useMay } from '../parts/may';
import { Requeue, type Dead as Which } from '../ops/Requeue';
import { Listing } from '../parts/Listing';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { Status } from '../parts/Status';
import { When } from '../parts/When';

type Group_ = Schemas['DeadGroup'];

/** What is to be done, and to which dead letters. */
interface Ask {
  what: 'requeue' | 'drop';
  which: Which;
  many: number;
  run?: string;
}

function Groups({ groups, flow, reason, onShow, onAsk }: { groups: Group_[]; flow?: string; reason?: string; onShow: (g: Group_) => void; onAsk?: (a: Ask) => void }) {
  return (
    <Card withBorder padding={0} radius="md">
      <Table.ScrollContainer minWidth={720}>
        <Table verticalSpacing="xs" horizontalSpacing="md" highlightOnHover>
          <Table.Thead><Table.Tr><Table.Th>Flow</Table.Th><Table.Th>Reason</Table.Th><Table.Th>Count</Table.Th><Table.Th>Last added</Table.Th><Table.Th aria-label="What can be done" /></Table.Tr></Table.Thead>
          <Table.Tbody>
            {groups.map((g) => {
              const which: Which = { flow: g.flow || undefined, reason: g.reason || undefined };
              return (
                <Table.Tr key={`${g.flow}\n${g.reason}`} bg={g.flow === flow && g.reason === reason ? 'var(--mantine-color-default-hover)' : undefined}>
                  <Table.Td maw={220}>{g.flow ? <Link to="/flows/$name" params={{ name: g.flow }} className="rows-link">{g.flow}</Link> : <Text size="sm" c="dimmed">its run is gone</Text>}</Table.Td>
                  <Table.Td maw={420}><button type="button" className="as-link wrap" onClick={() => onShow(g)}><Text span size="sm" lineClamp={3}>{g.reason || 'no reason was told'}</Text></button></Table.Td>
                  <Table.Td>{g.count.toLocaleString('en')}{g.poison > 0 && <Badge color="red" variant="light" size="xs" radius="sm" tt="none" ml={6} className="status" data-color="red">{g.poison} poison</Badge>}</Table.Td>
                  <Table.Td><When at={g.last} /></Table.Td>
                  <Table.Td>
                    {onAsk && g.flow && g.reason && (
                      <Group gap={4} wrap="nowrap" justify="end">
                        <Button size="compact-xs" variant="subtle" onClick={() => onAsk({ what: 'requeue', which, many: g.count })}>Try again…</Button>
                        <Button size="compact-xs" variant="subtle" color="red" onClick={() => onAsk({ what: 'drop', which, many: g.count })}>Take out…</Button>
                      </Group>
                    )}
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

function One({ job, chosen, onChoose, onAsk }: { job: Job; chosen: boolean; onChoose?: () => void; onAsk?: (a: Ask) => void }) {
  return (
    <Table.Tr>
      <Table.Td>{onChoose && <Checkbox size="xs" aria-label={`Choose job ${job.id}`} checked={chosen} onChange={onChoose} />}</Table.Td>
      <Table.Td>{job.id}</Table.Td>
      <Table.Td maw={440}>
        <Link to="/runs/$id" params={{ id: job.run }} className="rows-link mono">{job.run}</Link>
        <Text size="xs" lineClamp={2} className="wrap">{job.reason}</Text>
      </Table.Td>
      <Table.Td><Status of={job.state} /></Table.Td>
      <Table.Td>{job.priority}</Table.Td>
      <Table.Td>{job.attempt}</Table.Td>
      <Table.Td><When at={job.created} /></Table.Td>
      <Table.Td>{onAsk && <Button size="compact-xs" variant="subtle" onClick={() => onAsk({ what: 'requeue', which: { jobs: [job.id] }, many: 1, run: job.run })}>Try again…</Button>}</Table.Td>
    </Table.Tr>
  );
}

/** The dead letters: which flows failed for which reasons, and another try of one, of some, or of all alike. */
export default function Dead() {
  const { flow, reason } = useSearch({ from: '/inside/dead' });
  const go = useNavigate({ from: '/dead' });
  const may = useMay();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<Set<number>>(new Set());
  const [ask, setAsk] = useState<Ask | null>(null);
  const groups = useQuery({ queryKey: ['dead-groups'], refetchInterval: 5000, queryFn: () => must(api.GET('/api/v1/stats/dead')) });
  const list = useInfiniteQuery({
    queryKey: ['jobs', 'dead', flow ?? '', reason ?? ''],
    queryFn: ({ pageParam }) => must(api.GET('/api/v1/jobs', { params: { query: { stage: 'dead', limit: 100, cursor: pageParam, flow, reason } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: (q) => ((q.state.data?.pages.length ?? 0) > 3 ? false : 5000),
  });
  const done = () => {
    setAsk(null);
    setChosen(new Set());
    for (const key of ['jobs', 'dead-groups', 'queue-stats']) void queries.invalidateQueries({ queryKey: [key] });
  };
  const drop = useMutation({ mutationFn: (which: Which) => must(api.POST('/api/v1/jobs/drop', { body: which })), onSuccess: done });
  const all = groups.data?.items ?? [];
  const total = all.reduce((n, g) => n + g.count, 0);
  const jobs = list.data?.pages.flatMap((p) => p.items ?? []) ?? [];
  const picked = jobs.filter((j) => chosen.has(j.id));
  const write = may('queue.write');
  const toggle = (id: number) => setChosen((s) => {
    const next = new Set(s);
    if (!next.delete(id)) next.add(id);
    return next;
  });
  const onAsk = write ? setAsk : undefined;
  const only = flow !== undefined || reason !== undefined;
  const whole = picked.length > 0 && picked.length === jobs.length;
  return (
    <Stack className="page">
      <Group justify="space-between" align="end">
        <Title order={1} size="h2">Dead letters</Title>
        {write && total > 0 && <Button variant="default" onClick={() => setAsk({ what: 'requeue', which: { all: true }, many: total })}>Try all {total.toLocaleString('en')} again…</Button>}
      </Group>
      {groups.error ? <Wrong error={groups.error} again={() => void groups.refetch()} /> : null}
      {groups.isPending ? <Loading /> : all.length === 0 ? (
        <Empty title="There are no dead letters">A job whose last attempt has failed, or that no robot began before its deadline, is kept here with its reason until somebody tries it again or takes it out.</Empty>
      ) : (
        <>
          <Groups groups={all} flow={flow} reason={reason} onShow={(g) => void go({ search: { flow: g.flow || undefined, reason: g.reason || undefined } })} onAsk={onAsk} />
          <Group gap="xs" align="center" mih={34}>
            <Title order={2} size="h4">{only ? `Of ${flow ?? 'any flow'}${reason ? ', with this reason' : ''}` : 'All, oldest first'}</Title>
            {only && <Button size="xs" variant="light" onClick={() => void go({ search: {} })}>Show all</Button>}
            {picked.length > 0 && (
              <>
                <Text size="sm">{picked.length} chosen</Text>
                <Button size="xs" onClick={() => setAsk({ what: 'requeue', which: { jobs: picked.map((j) => j.id) }, many: picked.length, run: picked.length === 1 ? picked[0]?.run : undefined })}>Try again…</Button>
                <Button size="xs" variant="light" color="red" onClick={() => setAsk({ what: 'drop', which: { jobs: picked.map((j) => j.id) }, many: picked.length })}>Take out…</Button>
              </>
            )}
          </Group>
          <Listing
            pages={list}
            count={jobs.length}
            minWidth={760}
            spacing="xs"
            empty={<Empty title="No dead letter fits" />}
            heads={[write ? <Checkbox size="xs" aria-label="Choose all that are shown" checked={whole} indeterminate={picked.length > 0 && !whole} onChange={() => setChosen(whole ? new Set() : new Set(jobs.map((j) => j.id)))} /> : null, 'Job', 'Run and reason', 'State', 'Priority', 'Attempts', 'Added', ' ']}
          >
            {jobs.map((j) => <One key={j.id} job={j} chosen={chosen.has(j.id)} onChoose={write ? () => toggle(j.id) : undefined} onAsk={onAsk} />)}
          </Listing>
        </>
      )}
      <Requeue
        which={ask?.which ?? {}}
        many={ask?.many ?? 0}
        run={ask?.run}
        opened={ask?.what === 'requeue'}
        onClose={(tried) => (tried ? done() : setAsk(null))}
      />
      <Confirm opened={ask?.what === 'drop'} title={`Take ${count(ask?.many ?? 0, 'dead letter')} out of the queue?`} yes="Take out" pending={drop.isPending} error={drop.error} onYes={() => ask && drop.mutate(ask.which)} onClose={() => setAsk(null)}>
        Nobody can try them again from here then. Their runs stay, and can be run again from their pages.
      </Confirm>
    </Stack>
  );
}
