import { ActionIcon, Badge, Card, CloseButton, Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';

import { api, must, type Run } from '../api/client';
import type { FlowDoc, FlowNode } from '../canvas/flow';
import { Json } from '../parts/Json';
import { Loading, Wrong } from '../parts/Notice';
import { clock, duration } from '../parts/time';
import { asOf, took, waited, type Book, type Execution } from './book';
import { Executions } from './Executions';
import { FailureText } from './FailureText';
import { Inputs } from './Inputs';
import { settled, words } from './words';

const Pages = lazy(() => import('./Pages'));

interface Props {
  run: Run;
  doc: FlowDoc;
  node: FlowNode;
  book: Book;
  version: number;
  /** The execution that is looked at; the last one if there is none. */
  at?: string;
  from: number;
  now: number;
  over: boolean;
  onSelect: (x: Execution) => void;
  onClose: () => void;
}

const colors: Record<Execution['state'], string> = { running: 'blue', waiting: 'orange', retrying: 'orange', done: 'green', failed: 'red', cancelled: 'gray' };

const nth = (x: Execution) => x.nth;

/** What is known of one node of a run: its executions, and of the one that is chosen all that was kept. */
export function Step({ run, doc, node, book, version, at, from, now, over, onSelect, onClose }: Props) {
  const list = book.of(node.id);
  const chosen = book.get(at);
  const x = chosen?.owner === node.id ? chosen : list[list.length - 1];
  const i = x ? x.nth : -1;
  const [tab, setTab] = useState<string | null>('output');
  const hop = (by: number) => {
    const to = list[i + by];
    if (to) onSelect(to);
  };
  const logs = x ? book.logs(x.path) : [];
  const shown = tab === 'pages' && !x?.traced ? 'output' : tab;
  const state = x && settled(asOf(x, now) ?? x.state, over);
  return (
    <Card withBorder radius="md" component="section" aria-label={`Node ${node.title}`}>
      <Group justify="space-between" wrap="nowrap" align="start">
        <div>
          <Title order={2} size="h5">{node.title}</Title>
          <Text size="xs" c="dimmed" className="mono">{node.id} · {node.type}</Text>
        </div>
        <CloseButton aria-label="Close" onClick={onClose} />
      </Group>
      {list.length > 1 && (
        <Stack gap={6} mt="sm">
          <Group gap="xs" wrap="nowrap" justify="space-between">
            <Text size="sm" fw={550}>Execution {(i + 1).toLocaleString('en')} of {list.length.toLocaleString('en')}</Text>
            <Group gap={4} wrap="nowrap">
              <ActionIcon variant="default" aria-label="The execution before" disabled={i <= 0} onClick={() => hop(-1)}><IconChevronLeft size={16} aria-hidden /></ActionIcon>
              <ActionIcon variant="default" aria-label="The next execution" disabled={i >= list.length - 1} onClick={() => hop(1)}><IconChevronRight size={16} aria-hidden /></ActionIcon>
            </Group>
          </Group>
          <Executions narrow list={list} version={version} from={from} now={now} over={over} selected={x?.key} placeOf={nth} find={book.find} onSelect={onSelect} label={`Executions of ${node.title}`} />
        </Stack>
      )}
      {x && state && (
        <Group gap="xs" mt="sm">
          <Text size="xs" className="mono wrap">{x.key}</Text>
          <Badge color={x.reused ? 'gray' : colors[state]} variant="light" size="sm" radius="sm" tt="none" className="status" data-color={x.reused ? 'gray' : colors[state]}>{x.reused ? 'used as recorded' : words[state]}</Badge>
          <Text size="xs" c="dimmed">
            {clock(new Date(x.start).toISOString())}
            {x.end !== undefined && <>, took {duration(took(x, now))}</>}
            {waited(x, now) > 0 && <>, waited {duration(waited(x, now))}</>}
          </Text>
        </Group>
      )}
      <Tabs value={shown} onChange={setTab} mt="sm" keepMounted={false} className="step-tabs">
        <Tabs.List>
          <Tabs.Tab value="output">Output</Tabs.Tab>
          <Tabs.Tab value="input">Input</Tabs.Tab>
          <Tabs.Tab value="logs">Logs{logs.length > 0 ? ` (${logs.length})` : ''}</Tabs.Tab>
          {x?.traced && <Tabs.Tab value="pages">Page</Tabs.Tab>}
          <Tabs.Tab value="params">Parameters</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="output" pt="sm"><Output run={run.id} x={x} live={!over} /></Tabs.Panel>
        <Tabs.Panel value="input" pt="sm"><Inputs run={run} doc={doc} node={node} x={x} book={book} onSelect={onSelect} /></Tabs.Panel>
        <Tabs.Panel value="logs" pt="sm">
          {logs.length === 0 && <Text size="sm" c="dimmed">It said nothing.</Text>}
          {logs.slice(-500).map((e) => (
            <div key={e.seq} className="journal-row">
              <span className="journal-time mono">{clock(e.at)}</span>
              <span className="journal-text">{typeof e.data?.text === 'string' && e.data.text ? e.data.text : e.kind.replaceAll('_', ' ')}</span>
            </div>
          ))}
        </Tabs.Panel>
        <Tabs.Panel value="pages" pt="sm">{x?.traced && <Suspense fallback={<Loading />}><Pages key={x.key} run={run.id} x={x} /></Suspense>}</Tabs.Panel>
        <Tabs.Panel value="params" pt="sm"><Json value={node.params} label="Parameters" /></Tabs.Panel>
      </Tabs>
    </Card>
  );
}

/** What came of an execution, as it was recorded. */
function Output({ run, x, live }: { run: string; x?: Execution; live: boolean }) {
  const open = !!x && x.end === undefined;
  const step = useQuery({
    queryKey: ['step', run, x?.key, x?.end],
    enabled: !!x && !open,
    staleTime: live ? 0 : 60_000,
    queryFn: () => must(api.GET('/api/v1/runs/{id}/steps', { params: { path: { id: run }, query: { path: x?.path, limit: 100 } } })),
  });
  if (!x) return <Text size="sm" c="dimmed">Nothing of this node is recorded: it has not run, or it only computes and is computed again when the run goes on.</Text>;
  if (open) return <Text size="sm" c="dimmed">{live ? 'It is known when the execution has ended.' : 'The execution has not ended.'}</Text>;
  if (step.error) return <Wrong error={step.error} again={() => void step.refetch()} />;
  if (step.isPending) return <Loading />;
  const s = (step.data.items ?? []).find((s) => s.path === x.key);
  const failure = s?.failure ?? x.failure;
  if (failure) return <FailureText failure={failure} />;
  if (!s) return <Text size="sm" c="dimmed">It gave no output that is recorded.</Text>;
  return (
    <Stack gap={4}>
      <Json value={s.output ?? null} label={`Output of ${x.key}`} />
      {s.effect && <Text size="xs" c="dimmed">Effect: {s.effect}</Text>}
    </Stack>
  );
}
