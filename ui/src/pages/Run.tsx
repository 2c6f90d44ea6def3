import { Anchor, Badge, Button, Card, Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useEffectEvent, useMemo, useState, useSyncExternalStore } from 'react';

import '../run/run.css';
import { api, must, type Run as RunOf } from '../api/client';
import { useJournal, type Event } from '../api/events';
import { Canvas } from '../canvas/Canvas';
import { readFlow } from '../canvas/flow';
import { Json } from '../parts/Json';
import { useMay } from '../parts/may';
import { Loading, Wrong } from '../parts/Notice';
import { shownStatus, Status } from '../parts/Status';
import { duration, useNow } from '../parts/time';
import { Tried } from '../parts/Tried';
import { When } from '../parts/When';
import { Book, type Execution } from '../run/book';
import { BreakWhen } from '../run/BreakWhen';
import { Compare, useComparison } from '../run/Compare';
import { DebugBar } from '../run/DebugBar';
import { Executions } from '../run/Executions';
import { FailureText } from '../run/FailureText';
import { Gantt } from '../run/Gantt';
import { HandBar, TakeOver } from '../run/HandBar';
import { Journal } from '../run/Journal';
import { Labels } from '../run/Labels';
import { NodeList } from '../run/NodeList';
import { inBrowser, pausedOf } from '../run/paused';
import { Question, useAskings } from '../run/Question';
import { Retry } from '../run/Retry';
import { Scrubber } from '../run/Scrubber';
import { ownerOf, painted } from '../run/state';
import { Step } from '../run/Step';
import { useBreaks } from '../run/useBreaks';
import { useHand } from '../run/useHand';

const Live = lazy(() => import('../run/Live'));
const Drive = lazy(() => import('../run/Drive'));

/** Up to so many recorded executions a run that failed is compared with the last good one without being asked. */
const compareUpTo = 5000;

const over = (r: RunOf) => r.status === 'done' || r.status === 'failed' || r.status === 'cancelled';

const place = (x: Execution) => x.index;

/** A run: the flow with what became of each node, what happened, what it asks, and how it ended. */
export default function Run() {
  const { id } = useParams({ from: '/inside/runs/$id' });
  const run = useQuery({
    queryKey: ['run', id],
    queryFn: () => must(api.GET('/api/v1/runs/{id}', { params: { path: { id } } })),
    refetchInterval: (q) => (q.state.data && over(q.state.data) ? false : 2000),
  });
  const digest = run.data?.digest;
  const flow = useQuery({
    queryKey: ['version', run.data?.flow, digest],
    enabled: !!digest,
    staleTime: Infinity, // a version never changes
    queryFn: () => must(api.GET('/api/v1/flows/{name}/versions/{version}', { params: { path: { name: run.data?.flow ?? '', version: digest ?? '' } } })),
  });
  if (run.error && !run.data) return <Wrong error={run.error} again={() => void run.refetch()} />;
  if (!run.data) return <Loading />;
  return <Shown key={run.data.id} run={run.data} flow={flow.data?.flow} flowError={flow.error} />;
}

function Shown({ run, flow, flowError }: { run: RunOf; flow: unknown; flowError: unknown }) {
  const { node, at: execution, view = 'graph', with: other } = useSearch({ from: '/inside/runs/$id' });
  const go = useNavigate({ from: '/runs/$id' });
  const queries = useQueryClient();
  const may = useMay()('runs.write');
  const ended = over(run);
  const now = useNow(ended ? 0 : 1000);
  const refresh = useCallback(() => void queries.invalidateQueries({ queryKey: ['run', run.id] }), [queries, run.id]);
  const [book] = useState(() => new Book(run.started ? Date.parse(run.started) : 0));
  const version = useSyncExternalStore(book.subscribe, book.version);
  const started = run.started ? Date.parse(run.started) : 0;
  const onEvents = useCallback(
    (events: Event[]) => {
      if (started) book.start(started);
      book.add(events);
      if (events.some((e) => e.kind.startsWith('run_') || e.kind === 'waiting' || e.kind === 'answered')) refresh();
    },
    [refresh, book, started],
  );
  useJournal(run.id, onEvents, refresh);
  const doc = useMemo(() => readFlow(flow), [flow]);
  const compared = useComparison(run, other, view === 'compare' || (run.status === 'failed' && run.recorded <= compareUpTo));
  const first = compared.data?.first;
  const [moment, setMoment] = useState<number>();
  const past = useMemo(() => (moment === undefined || version < 0 ? undefined : book.at(moment)), [book, moment, version]);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the book grows in place, and version says when
  const present = useMemo(() => book.present(), [book, version]);
  const states = useMemo(() => {
    const out = past ? painted(past, doc, 'running') : painted(present, doc, run.status, run.failure?.path ? ownerOf(run.failure.path) : run.failure?.node);
    const s = first && out.get(first.node);
    if (first && s) out.set(first.node, { ...s, note: 'differs first here' });
    return out;
  }, [past, present, doc, run.status, run.failure, first]);
  const select = useCallback((id: string | undefined, path?: string) => void go({ search: (s) => ({ ...s, node: id, at: path }), replace: true }), [go]);
  const selectPath = useCallback((id: string, path: string) => select(ownerOf(path) || id, path), [select]);
  const selectExecution = useCallback((x: Execution) => select(x.owner, x.key), [select]);
  const setView = useCallback((v: string | null) => void go({ search: (s) => ({ ...s, view: v && v !== 'graph' ? v : undefined }), replace: true }), [go]);
  const setOther = useCallback((id: string | undefined) => void go({ search: (s) => ({ ...s, with: id }), replace: true }), [go]);
  const chosen = doc.nodes.find((n) => n.id === node);
  const [from, last] = book.span();
  const to = ended ? Math.max(last, run.ended ? Date.parse(run.ended) : 0) : Math.max(last, now);
  const looked = moment ?? to;
  const over_ = ended && moment === undefined;
  const browses = doc.nodes.some((n) => n.type.startsWith('web.'));
  const [retrying, setRetrying] = useState(false);
  const cancel = useMutation({
    mutationFn: () => must(api.POST('/api/v1/runs/{id}/cancel', { params: { path: { id: run.id } } })),
    onSuccess: refresh,
    onError: (e) => notifications.show({ color: 'red', title: 'It was not cancelled', message: e.message }),
  });
  const waits = useAskings(run.id, !ended && Array.isArray(run.waits) && run.waits.length > 0);
  const paused = pausedOf(run);
  const stops = useBreaks(run.id, !ended);
  const handing = useHand(run.id, browses && !ended, refresh);
  const { hand } = handing;
  const driven = handing.mine && view === 'browser';
  const showBrowser = useCallback(() => setView('browser'), [setView]);
  const stopAt = useEffectEvent((e: KeyboardEvent) => {
    if (e.key !== 'F9' || ended || !may || !chosen || inBrowser(e)) return;
    e.preventDefault();
    stops.toggle(chosen.id);
  });
  useEffect(() => {
    const listen = (e: KeyboardEvent) => stopAt(e);
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
  const { reset } = stops.pause;
  useEffect(() => {
    if (run.paused) reset();
  }, [run.paused, reset]);
  const took = run.started && (run.ended || run.status === 'running') ? duration((run.ended ? Date.parse(run.ended) : now) - Date.parse(run.started)) : '';
  return (
    <Stack gap="md">
      <Group justify="space-between" align="start">
        <Stack gap={2}>
          <Group gap="sm">
            <Title order={1} size="h2">{run.flow}</Title>
            <Status of={shownStatus(run)} size="lg" />
            <Tried run={run} />
          </Group>
          <Text size="sm" c="dimmed" component="div">
            <span className="mono">{run.id}</span>
            {' · '}
            {run.started ? <>started <When at={run.started} /></> : <>queued <When at={run.created} /></>}
            {took && <> · {ended ? 'took' : 'at work for'} {took}</>}
            {run.started_by && <> · by {run.started_by}</>}
            {run.resumes > 0 && <> · taken up again {run.resumes === 1 ? 'once' : `${run.resumes} times`}</>}
            {run.retry_of && <> · runs <Link to="/runs/$id" params={{ id: run.retry_of }}>{run.retry_of}</Link> again</>}
          </Text>
          <Labels labels={run.labels} />
        </Stack>
        <Group gap="xs">
          {may && !ended && browses && !hand && <TakeOver handing={handing} onTaken={showBrowser} />}
          {may && !ended && !run.paused && !hand && <Button variant="default" loading={stops.pause.isPending} disabled={stops.pause.isSuccess} onClick={() => stops.pause.mutate()}>{stops.pause.isSuccess ? 'Pauses soon…' : 'Pause'}</Button>}
          {may && !ended && <Button variant="default" color="red" loading={cancel.isPending || run.cancel} onClick={() => cancel.mutate()}>Cancel</Button>}
          <Button variant="default" component="a" href={`/api/v1/runs/${encodeURIComponent(run.id)}/report`} download>Download report</Button>
          {may && ended && <Button variant="default" onClick={() => setRetrying(true)}>Run again…</Button>}
        </Group>
      </Group>
      {run.failure && (
        <Card withBorder radius="md" role="alert" className="failure">
          <FailureText failure={run.failure} />
          {run.failure.node && (
            <Group mt="xs">
              <Button size="xs" variant="light" onClick={() => (run.failure?.path ? selectPath(run.failure.node ?? '', run.failure.path) : select(run.failure?.node))}>Show the node</Button>
              {may && <Button size="xs" variant="light" onClick={() => setRetrying(true)}>Run again from there…</Button>}
              {first && (
                <Badge variant="light" color="orange" radius="sm" tt="none" className="status long-badge" data-color="orange">
                  <Anchor inherit c="inherit" component="button" type="button" onClick={() => setView('compare')}>Differs from the last good run first at {doc.nodes.find((n) => n.id === first.node)?.title ?? first.node}</Anchor>
                </Badge>
              )}
            </Group>
          )}
        </Card>
      )}
      {browses && !ended && <HandBar handing={handing} paused={paused.map((p) => p.path)} asks={(waits.data?.items ?? []).length > 0} onShow={view === 'browser' ? undefined : showBrowser} />}
      {paused.length > 0 && !driven && <DebugBar run={run} paused={paused} onTold={refresh} />}
      {waits.error && !ended ? <Wrong error={waits.error} again={() => void waits.refetch()} /> : null}
      {!ended && (waits.data?.items ?? []).map((a) => <Question key={`${a.path} ${a.asked}`} asking={a} onAnswered={refresh} />)}
      {flowError ? <Wrong error={flowError} /> : null}
      <div className="run-grid" data-driven={driven || undefined}>
        <Card withBorder radius="md" padding={0} className="run-canvas">
          {flow ? (
            <Tabs value={view} onChange={setView} keepMounted={false} h="100%" className="run-tabs">
              <Tabs.List>
                <Tabs.Tab value="graph">Graph</Tabs.Tab>
                <Tabs.Tab value="list">List</Tabs.Tab>
                <Tabs.Tab value="time">Timeline</Tabs.Tab>
                <Tabs.Tab value="steps">Executions</Tabs.Tab>
                <Tabs.Tab value="compare">Compare</Tabs.Tab>
                {browses && !ended && <Tabs.Tab value="browser">Browser</Tabs.Tab>}
              </Tabs.List>
              <Tabs.Panel value="graph" className="run-tab"><Canvas doc={doc} states={states} breaks={ended ? undefined : stops.nodes} selected={node} onSelect={select} /></Tabs.Panel>
              <Tabs.Panel value="list" className="run-tab scroll"><NodeList doc={doc} states={states} selected={node} onSelect={select} /></Tabs.Panel>
              <Tabs.Panel value="time" className="run-tab"><Gantt book={book} version={version} doc={doc} from={from} to={to} at={looked} over={over_} selected={execution} onSelect={selectExecution} /></Tabs.Panel>
              <Tabs.Panel value="steps" className="run-tab"><Executions list={book.list} version={version} from={from} now={to} over={ended} selected={execution} placeOf={place} find={book.find} onSelect={selectExecution} label="Executions" /></Tabs.Panel>
              <Tabs.Panel value="compare" className="run-tab scroll"><Compare run={run} doc={doc} other={other} onOther={setOther} onSelect={select} /></Tabs.Panel>
              <Tabs.Panel value="browser" className="run-tab scroll"><Suspense fallback={<Loading />}>{hand && handing.mine ? <Drive key={hand.since} run={run.id} hand={hand} /> : <Live run={run.id} />}</Suspense></Tabs.Panel>
              {(view === 'graph' || view === 'list' || view === 'time') && version > 0 && <Scrubber book={book} from={from} to={to} at={moment} onChange={setMoment} over={ended} />}
            </Tabs>
          ) : flowError ? null : <Loading />}
        </Card>
        <Card withBorder radius="md" padding={0} className="run-journal">
          <Journal events={book.events} count={past ? past.count : version} onSelect={selectPath} />
        </Card>
        <div className="run-side">
          {chosen && may && !ended && (
            <Button fullWidth mb="xs" size="xs" variant="default" leftSection={<span className="break-dot static" aria-hidden />} aria-keyshortcuts="F9" disabled={stops.busy} onClick={() => stops.toggle(chosen.id)}>
              {stops.nodes.has(chosen.id) ? `Take the breakpoint at ${chosen.title} away` : `Pause before ${chosen.title}`}
            </Button>
          )}
          {chosen && may && !ended && stops.nodes.has(chosen.id) && <BreakWhen key={`${chosen.id} ${stops.when(chosen.id)}`} title={chosen.title} when={stops.when(chosen.id)} disabled={stops.busy} onSet={(when) => stops.setWhen(chosen.id, when)} />}
          {chosen ? (
            <Step key={chosen.id} run={run} doc={doc} node={chosen} book={book} version={version} at={execution} from={from} now={to} over={ended} onSelect={selectExecution} onClose={() => select(undefined)} />
          ) : (
            <Stack gap="md">
              <Card withBorder radius="md" component="section" aria-label="Output">
                <Title order={2} size="h5" mb="xs">Output</Title>
                {run.output === undefined || run.output === null ? <Text size="sm" c="dimmed">{ended ? 'It gave none.' : 'It is known when the run has ended.'}</Text> : <Json value={run.output} label="Output" />}
              </Card>
              <Card withBorder radius="md" component="section" aria-label="Input">
                <Title order={2} size="h5" mb="xs">Input</Title>
                <Json value={run.input ?? {}} label="Input" />
              </Card>
            </Stack>
          )}
        </div>
      </div>
      {ended && <Retry run={run} doc={doc} opened={retrying} onClose={() => setRetrying(false)} />}
    </Stack>
  );
}
