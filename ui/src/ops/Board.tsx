import './ops.css';

import { Badge, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { api, must, type Job, type Schemas } from '../api/client';
import { Loading, Wrong } from '../parts/Notice';
import { Status } from '../parts/Status';
import { duration, useNow } from '../parts/time';
import { Chart } from './Chart';
import { age } from './format';

const columns = [
  { stage: 'waiting', title: 'Waiting', none: 'Nothing waits.' },
  { stage: 'leased', title: 'At work', none: 'No robot has a job.' },
  { stage: 'retried', title: 'To be tried again', none: 'Nothing failed lately.' },
  { stage: 'dead', title: 'Dead letters', none: 'There are none.' },
] as const;
type StageName = (typeof columns)[number]['stage'];

/** Jobs that wait for ever have a time in the far future. */
const ever = (at: string | undefined) => !!at && Date.parse(at) > Date.parse('9000-01-01');

function JobCard({ job, now, onWhy, onCancel }: { job: Job; now: number; onWhy: (j: Job) => void; onCancel?: (id: number) => void }) {
  const dead = job.state === 'dead' || job.state === 'poison';
  const waits = job.state === 'later' && job.after ? (ever(job.after) ? 'until its run is answered' : `in ${duration(Math.max(0, Date.parse(job.after) - now))}`) : '';
  return (
    <article className="board-card" aria-label={`Job ${job.id}`}>
      <Group justify="space-between" wrap="nowrap" gap={6}>
        <Text size="sm" fw={600}>Job {job.id}</Text>
        <Text size="xs" c="dimmed">{age(job.created ?? '', now)}</Text>
      </Group>
      <Link to="/runs/$id" params={{ id: job.run }} className="rows-link mono">{job.run}</Link>
      <Group gap={6} mt={6}>
        {job.state !== 'leased' && <Status of={job.state} size="xs" />}
        <Badge variant="default" size="xs" radius="sm" tt="none">priority {job.priority}</Badge>
        {(job.attempt > 1 || (job.attempt > 0 && job.state !== 'leased')) && <Badge variant="default" size="xs" radius="sm" tt="none">attempt {job.attempt} of {job.retry.attempts ?? 3}</Badge>}
        {job.needs && <Badge variant="default" size="xs" radius="sm" tt="none" title={job.needs}>{job.needs}</Badge>}
        {job.tenant && <Badge variant="default" size="xs" radius="sm" tt="none">{job.tenant}</Badge>}
      </Group>
      {job.state === 'leased' && <Text size="xs" mt={4}>{job.robot}{job.lease ? `, lease ${duration(Math.max(0, Date.parse(job.lease) - now))}` : ''}</Text>}
      {waits && <Text size="xs" mt={4}>Goes on {waits}</Text>}
      {job.reason && <Text size="xs" mt={4} lineClamp={3} className="board-reason" title={job.reason}>{job.reason}</Text>}
      <Group gap={4} mt={4} justify="end">
        {!dead && job.state !== 'leased' && <Button size="compact-xs" variant="subtle" onClick={() => onWhy(job)}>Why?</Button>}
        {!dead && onCancel && <Button size="compact-xs" variant="subtle" color="red" onClick={() => onCancel(job.id)}>Cancel</Button>}
      </Group>
    </article>
  );
}

function Column({ stage, title, none, count, now, onWhy, onCancel }: { stage: StageName; title: string; none: string; count?: Schemas['Stage']; now: number; onWhy: (j: Job) => void; onCancel?: (id: number) => void }) {
  const jobs = useQuery({ queryKey: ['jobs', 'stage', stage], refetchInterval: 2000, queryFn: () => must(api.GET('/api/v1/jobs', { params: { query: { stage, limit: 50 } } })) });
  const list = jobs.data?.items ?? [];
  const n = count?.count ?? list.length;
  return (
    <section className="board-column" aria-label={title}>
      <Group justify="space-between" wrap="nowrap" align="baseline">
        <Title order={2} size="h5">{title}</Title>
        <Text fw={650}>{n.toLocaleString('en')}</Text>
      </Group>
      <Text size="xs" c="dimmed">{count?.oldest ? `the oldest was added ${age(count.oldest, now)} ago` : ' '}</Text>
      {jobs.error ? <Wrong error={jobs.error} /> : jobs.isPending ? <Loading /> : list.length === 0 ? <Text size="sm" c="dimmed" mt="sm">{none}</Text> : (
        <div className="board-cards" tabIndex={0} role="group" aria-label={`Jobs: ${title}`}>
          {list.map((j) => <JobCard key={j.id} job={j} now={now} onWhy={onWhy} onCancel={onCancel} />)}
          {stage === 'dead' ? <Link to="/dead">All dead letters, by flow and reason</Link> : n > list.length && <Text size="sm" c="dimmed">{(n - list.length).toLocaleString('en')} more; choose a state above to see all.</Text>}
        </div>
      )}
    </section>
  );
}

const whole = (v: number) => (Number.isInteger(v) ? v.toLocaleString('en') : '');

function Charts({ stats }: { stats: Schemas['QueueStats'] }) {
  const samples = stats.samples ?? [];
  const last = samples.at(-1);
  if (samples.length < 2 || !last) return <Text size="sm" c="dimmed">The server looks at the queue every {stats.every} s and remembers an hour; a chart is here after its second look.</Text>;
  const at = samples.map((s) => Date.parse(s.at) / 1000);
  const most = Math.max(...samples.map((s) => s.claim_p95_ms));
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Card withBorder radius="md" component="section" aria-label="Depth of the queue">
        <Title order={2} size="h6" mb={6}>Jobs, last hour</Title>
        <Chart
          label={`Now ${last.waiting} wait, ${last.leased} are at work, ${last.retried} are to be tried again, ${last.dead} are dead letters`}
          at={at}
          height={170}
          write={whole}
          lines={[
            { label: 'Waiting', color: 'blue', values: samples.map((s) => s.waiting) },
            { label: 'At work', color: 'green', values: samples.map((s) => s.leased) },
            { label: 'To be tried again', color: 'orange', values: samples.map((s) => s.retried) },
            { label: 'Dead letters', color: 'red', values: samples.map((s) => s.dead) },
          ]}
        />
      </Card>
      <Card withBorder radius="md" component="section" aria-label="Time until a robot takes a job">
        <Title order={2} size="h6" mb={6}>From ready until a robot has it, last hour</Title>
        <Chart
          label={`The slowest twentieth took up to ${duration(most)}`}
          at={at}
          height={170}
          write={duration}
          lines={[
            { label: 'Half within', color: 'blue', dots: true, values: samples.map((s) => (s.claims > 0 ? s.claim_p50_ms : null)) },
            { label: '95 % within', color: 'grape', dots: true, values: samples.map((s) => (s.claims > 0 ? s.claim_p95_ms : null)) },
          ]}
        />
      </Card>
    </SimpleGrid>
  );
}

/** The jobs in columns by what they wait for, with charts of the last hour. */
export function Board({ onWhy, onCancel }: { onWhy: (j: Job) => void; onCancel?: (id: number) => void }) {
  const now = useNow(1000);
  const stats = useQuery({ queryKey: ['queue-stats'], refetchInterval: 3000, queryFn: () => must(api.GET('/api/v1/stats/queue')) });
  return (
    <Stack>
      {stats.error ? <Wrong error={stats.error} again={() => void stats.refetch()} /> : null}
      <div className="board">
        {columns.map((c) => <Column key={c.stage} {...c} count={stats.data?.stages?.find((s) => s.stage === c.stage)} now={now} onWhy={onWhy} onCancel={onCancel} />)}
      </div>
      {stats.data && <Charts stats={stats.data} />}
    </Stack>
  );
}
