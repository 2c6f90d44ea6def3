import '../demo/demo.css';

import { Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCircleCheck, IconCircleDashed, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';

import { api, must, type Schemas } from '../api/client';
import { readFlow } from '../canvas/flow';
import { Evidence } from '../demo/Evidence';
import { demo as demoQuery } from '../demo/query';
import { done, healsOf, open, stage, steps, type Stage } from '../demo/stage';
import { useFrames } from '../demo/useFrames';
import { Watch } from '../demo/Watch';
import { Loading, Wrong } from '../parts/Notice';
import { FailureText } from '../run/FailureText';

type Heal = Schemas['Heal'];
type DemoOf = Schemas['DemoOut'];

/** What happened, and what comes next. */
const says: Record<Exclude<Stage, 'offer'>, [title: string, text: string]> = {
  running: ['The robot is at work', 'Every step is recorded before the next one begins, so that the run would survive a power cut.'],
  stopped: ['The run did not end as it should', 'The page of the run says why, and what can be done.'],
  green: ['Done: the vendor is entered', 'Now the site gets its next release: other ids, other classes, another order. The flow names two elements by what will be gone.'],
  healed: ['The page had changed, and the run went on', 'These elements were found again by what they looked like. Approving writes the new way into the flow; nothing is changed without you.'],
  approved: ['The flow has a new version', 'It names the elements as they are now. Run it again: nothing has to be searched any more.'],
  steady: ['Done, and nothing had to be healed', 'That was the demo. Break the page again if you like, or write a flow of your own.'],
};

/** The first thing in an empty installation: a robot at work, a page that changes, and a flow that is mended. */
export default function Demo() {
  const demo = useQuery({
    ...demoQuery,
    refetchInterval: (q) => (q.state.data?.runs?.some((r) => r.status === 'queued' || r.status === 'running') ? 1000 : false),
  });
  if (demo.error && !demo.data) return <Wrong error={demo.error} again={() => void demo.refetch()} />;
  if (!demo.data) return <Loading />;
  return <Shown demo={demo.data} />;
}

function Shown({ demo }: { demo: DemoOf }) {
  const queries = useQueryClient();
  const last = demo.runs?.[0];
  const ended = last?.status === 'done';
  const heals = useQuery({
    queryKey: ['demo', 'heals', last?.id, last?.status],
    enabled: !!last,
    placeholderData: (old) => old,
    queryFn: () => must(api.GET('/api/v1/heals', { params: { query: { flow: demo.flow, limit: 50 } } })),
  });
  const flow = useQuery({
    queryKey: ['version', demo.flow, last?.digest],
    enabled: !!last,
    staleTime: Infinity, // a version never changes
    queryFn: () => must(api.GET('/api/v1/flows/{name}/versions/{version}', { params: { path: { name: demo.flow, version: last?.digest ?? '' } } })),
  });
  const doc = useMemo(() => readFlow(flow.data?.flow), [flow.data]);
  const frame = useFrames(last?.id);
  const refresh = useCallback(() => void queries.invalidateQueries({ queryKey: ['demo'] }), [queries]);
  const all = heals.data?.items ?? [];
  // The heals of a run that has just ended are not here yet.
  const known = !ended || (heals.isSuccess && !heals.isPlaceholderData);
  const at = known ? stage(demo, all) : 'running';
  const start = useMutation({
    mutationFn: (release: boolean) => must(api.POST('/api/v1/demo/runs', { body: { release } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['demo'] }),
  });
  const approve = useMutation({
    mutationFn: async (list: Heal[]) => {
      for (const h of list) await must(api.POST('/api/v1/heals/{id}/approve', { params: { path: { id: h.id }, header: { 'If-Match': h.version } }, body: {} }));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['demo'] }),
  });
  const remove = useMutation({
    mutationFn: () => must(api.DELETE('/api/v1/demo')),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: demoQuery.queryKey, exact: true }); // nothing of what is gone is asked for any more
      for (const list of ['flows', 'runs', 'heals']) void queries.invalidateQueries({ queryKey: [list] });
      notifications.show({ color: 'green', message: 'The demo is gone: its flow, its runs and the practice site.' });
    },
  });
  const problem = start.error ?? approve.error ?? remove.error;
  const stop = demo.missing || !demo.may;
  if (at === 'offer' || !last) return <Offer demo={demo} busy={start.isPending} problem={problem} onRun={() => start.mutate(false)} />;
  const mine = healsOf(demo, all);
  const count = done(at, demo, all);
  const [title, text] = says[at];
  const waiting = start.isPending || approve.isPending;
  return (
    <Stack className="page" gap="md">
      <Group justify="space-between" align="end">
        <Title order={1} size="h2">The demo</Title>
        <ol className="demo-way" aria-label="How far the demo has come">
          {steps.map((s, i) => (
            <li key={s} aria-current={i === count ? 'step' : undefined}>
              {i < count ? <IconCircleCheck size={18} aria-label="done" color="var(--mantine-color-green-6)" /> : <IconCircleDashed size={18} aria-hidden />}
              {s}
            </li>
          ))}
        </ol>
      </Group>
      <Card withBorder radius="md" component="section" aria-label="What comes next" className="demo-next" data-good={at === 'green' || at === 'steady' || undefined}>
        <Group justify="space-between" gap="md">
          <div className="demo-step" role="status">
            <Title order={2} size="h4">{title}</Title>
            <Text size="sm">{text}</Text>
          </div>
          <Group gap="xs">
            {at === 'green' && <Button size="md" loading={waiting} disabled={!!stop} onClick={() => start.mutate(true)}>Break the page</Button>}
            {at === 'healed' && <Button size="md" loading={waiting} onClick={() => approve.mutate(mine.filter(open))}>Approve</Button>}
            {at === 'approved' && <Button size="md" loading={waiting} disabled={!!stop} onClick={() => start.mutate(false)}>Run again</Button>}
            {at === 'steady' && <Button variant="default" loading={waiting} disabled={!!stop} onClick={() => start.mutate(true)}>Break the page again</Button>}
            {at === 'stopped' && <Button variant="default" loading={waiting} disabled={!!stop} onClick={() => start.mutate(false)}>Run again</Button>}
            <Button variant="default" component={Link} to={`/runs/${last.id}`}>Open the run</Button>
          </Group>
        </Group>
      </Card>
      {demo.missing && <Text size="sm" c="dimmed">{demo.missing}</Text>}
      {problem && <Wrong error={problem} />}
      {heals.error && <Wrong error={heals.error} again={() => void heals.refetch()} />}
      {flow.error && <Wrong error={flow.error} again={() => void flow.refetch()} />}
      {last.failure && <Card withBorder radius="md" role="alert" className="failure"><FailureText failure={last.failure} /></Card>}
      {(at === 'healed' || at === 'approved') && <Evidence heals={mine} doc={doc} />}
      {flow.data && <Watch key={last.id} run={last} doc={doc} frame={frame} onChange={refresh} />}
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          The flow is <Link to="/flows/$name" params={{ name: demo.flow }}>{demo.flow}</Link>. The practice site is part of Aether and is served on this machine only{demo.site.url ? `, at ${demo.site.url}` : ', while a run needs it'}.
        </Text>
        {demo.may && <Button size="xs" variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>Remove the demo</Button>}
      </Group>
    </Stack>
  );
}

function Offer({ demo, busy, problem, onRun }: { demo: DemoOf; busy: boolean; problem: unknown; onRun: () => void }) {
  return (
    <Stack className="demo-hero" align="center" gap="lg">
      <img src="/icon.svg" width={64} height={64} alt="" />
      <Title order={1}>See a robot work</Title>
      <Text size="lg">
        Aether runs office work as flows: robots fill in forms, move files and ask people, and lose nothing when they crash.
        When a page changes, they find their way again, and you decide what becomes of it.
      </Text>
      {demo.missing ? (
        <Card withBorder radius="md" role="alert"><Text size="sm"><b>The demo cannot run here:</b> {demo.missing}.</Text></Card>
      ) : !demo.may ? (
        <Card withBorder radius="md" role="alert"><Text size="sm">Running it needs the role developer, and on a server that other machines reach the role admin.</Text></Card>
      ) : (
        <Button size="xl" leftSection={<IconPlayerPlay aria-hidden />} loading={busy} onClick={onRun}>Run the demo</Button>
      )}
      {problem ? <Wrong error={problem} /> : null}
      <Text size="sm" c="dimmed">It works offline, in a minute, on a practice site that is part of Aether, and can be removed with one button. <Link to="/flows">Go on without it</Link></Text>
    </Stack>
  );
}
