import '../ops/ops.css';

import { Badge, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { Chart } from '../ops/Chart';
import { itemStatuses } from '../ops/itemWords';
import { useMay } from '../parts/may';
import { QueueForm } from '../ops/QueueForm';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { When } from '../parts/When';

type Stats = Schemas['ItemQueueStats'];

/** What happened on the last days. */
export function Days({ stats, height = 130, legend = false }: { stats: Stats; height?: number; legend?: boolean }) {
  const days = stats.days ?? [];
  const sum = (of: 'added' | 'successful' | 'failed') => days.reduce((n, d) => n + d[of], 0);
  return (
    <Chart
      label={`In ${days.length} days: ${sum('added')} added, ${sum('successful')} successful, ${sum('failed')} failed`}
      at={days.map((d) => Date.parse(`${d.day}T00:00:00Z`) / 1000)}
      days
      height={height}
      legend={legend}
      lines={[
        { label: 'Successful', color: 'green', bars: true, values: days.map((d) => (d.successful > 0 ? d.successful + d.failed : null)), told: days.map((d) => d.successful) },
        { label: 'Failed', color: 'red', bars: true, values: days.map((d) => d.failed || null), told: days.map((d) => d.failed) },
        { label: 'Added', color: 'blue', values: days.map((d) => d.added) },
      ].map((l) => ({ ...l, color: l.color as 'green' | 'red' | 'blue' }))}
      write={whole}
    />
  );
}

const whole = (v: number) => (Number.isInteger(v) ? v.toLocaleString('en') : '');

function One({ queue, stats }: { queue: Schemas['Queue']; stats?: Stats }) {
  return (
    <Card withBorder radius="md" component="section" aria-label={queue.name}>
      <Group justify="space-between" wrap="nowrap" align="start">
        <Title order={2} size="h5" className="clip"><Link to="/items/$queue" params={{ queue: queue.name }} className="rows-link">{queue.name}</Link></Title>
        <Group gap={6} wrap="nowrap">
          {stats && stats.late > 0 && <Badge color="red" variant="light" radius="sm" tt="none" className="status" data-color="red">{stats.late} late</Badge>}
          {stats && stats.at_risk > 0 && <Badge color="orange" variant="light" radius="sm" tt="none" className="status" data-color="orange">{stats.at_risk} at risk</Badge>}
        </Group>
      </Group>
      {queue.description && <Text size="sm" c="dimmed" lineClamp={2} mt={2}>{queue.description}</Text>}
      {stats && (
        <>
          <Group gap="md" mt="sm">
            {itemStatuses.filter((s) => (stats.counts[s.value] ?? 0) > 0 || s.value === 'new').map((s) => (
              <Link key={s.value} to="/items/$queue" params={{ queue: queue.name }} search={{ status: s.value }} className="rows-link">
                <Text span size="lg" fw={650}>{(stats.counts[s.value] ?? 0).toLocaleString('en')}</Text> <Text span size="sm" c="dimmed">{s.label.toLowerCase()}</Text>
              </Link>
            ))}
          </Group>
          <Text size="sm" c="dimmed" mt={4} mb="xs">{stats.oldest ? <>The oldest new item was added <When at={stats.oldest} /></> : 'Nothing waits.'}</Text>
          <Days stats={stats} />
        </>
      )}
    </Card>
  );
}

/** The queues of work items: how many there are in each state, and what happened on the last days. */
export default function Items() {
  const may = useMay();
  const go = useNavigate();
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const queues = useQuery({ queryKey: ['item-queues'], queryFn: () => must(api.GET('/api/v1/queues')), refetchInterval: 10_000 });
  const stats = useQuery({ queryKey: ['item-stats'], queryFn: () => must(api.GET('/api/v1/stats/items', { params: { query: { days: 14 } } })), refetchInterval: 10_000 });
  const list = queues.data?.items ?? [];
  const make = may('queues.write') && <Button onClick={() => setMaking(true)}>New queue…</Button>;
  return (
    <Stack className="page">
      <Group justify="space-between" align="end">
        <Title order={1} size="h2">Work items</Title>
        {list.length > 0 && make}
      </Group>
      {(queues.error ?? stats.error) ? <Wrong error={queues.error ?? stats.error} again={() => void Promise.all([queues.refetch(), stats.refetch()])} /> : null}
      {queues.isPending ? <Loading /> : list.length === 0 ? (
        <Empty title="There is no queue of work items">
          A queue holds the work of many runs, item by item: each is taken, worked on and ended by itself, and can be corrected and tried again.
          {make && <div style={{ marginTop: 12 }}>{make}</div>}
        </Empty>
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }}>{list.map((q) => <One key={q.name} queue={q} stats={stats.data?.items?.find((s) => s.queue === q.name)} />)}</SimpleGrid>
      )}
      <QueueForm
        opened={making}
        onClose={() => setMaking(false)}
        onDone={(name) => {
          setMaking(false);
          void queries.invalidateQueries({ queryKey: ['item-queues'] });
          void queries.invalidateQueries({ queryKey: ['item-stats'] });
          void go({ to: '/items/$queue', params: { queue: name } });
        }}
      />
    </Stack>
  );
}
