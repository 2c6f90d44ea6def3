import { Badge, Card, Group, Text } from '@mantine/core';
import { IconBandage, IconCircle, IconCircleCheck, IconCircleX, IconLoader2 } from '@tabler/icons-react';
import { useCallback, useMemo, useReducer, useState } from 'react';

import { useJournal, type Event } from '../api/events';
import type { Run } from '../api/client';
import type { FlowDoc } from '../canvas/flow';
import { add, nothing, painted, type NodeState } from '../run/state';
import { duration } from '../parts/time';
import type { Frame } from './useFrames';

const words: Record<NodeState['state'], string> = { idle: 'to come', running: 'at work', waiting: 'waits', retrying: 'tries again', paused: 'paused before it', done: 'done', failed: 'failed', passed: 'passed', cancelled: 'not ended' };

function Mark({ state }: { state: NodeState['state'] }) {
  if (state === 'done' || state === 'passed') return <IconCircleCheck size={18} aria-hidden color="var(--mantine-color-green-6)" />;
  if (state === 'failed') return <IconCircleX size={18} aria-hidden color="var(--mantine-color-red-6)" />;
  if (state === 'idle' || state === 'cancelled') return <IconCircle size={18} aria-hidden color="var(--edge)" />;
  return <IconLoader2 size={18} aria-hidden color="var(--mantine-color-blue-6)" className="demo-spin" />;
}

/** The browser of a run as it works, beside the steps of the flow. onChange is called when something of note happened. */
export function Watch({ run, doc, frame, onChange }: { run: Run; doc: FlowDoc; frame?: Frame; onChange: () => void }) {
  const [state, hear] = useReducer(add, nothing);
  const [healed, setHealed] = useState<ReadonlySet<string>>(new Set());
  const onEvents = useCallback(
    (events: Event[]) => {
      hear(events);
      const found = events.filter((e) => e.kind === 'element.healed').map((e) => (typeof e.data?.node === 'string' ? e.data.node : (e.path ?? '')));
      if (found.length) setHealed((s) => new Set([...s, ...found]));
      if (events.some((e) => e.kind.startsWith('run_') || e.kind === 'waiting')) onChange();
    },
    [onChange],
  );
  useJournal(run.id, onEvents, onChange);
  const states = useMemo(() => painted(state, doc, run.status, run.failure?.node), [state, doc, run.status, run.failure]);
  return (
    <div className="demo-watch">
      <Card withBorder radius="md" padding={0} component="figure" m={0} aria-label="The browser of the run">
        <Group gap={6} px="sm" py={6} wrap="nowrap" className="demo-bar">
          <span className="demo-dot" /><span className="demo-dot" /><span className="demo-dot" />
          <Text size="xs" className="mono clip" c="dimmed">{frame?.url ?? 'The browser is being started'}</Text>
        </Group>
        <div className="demo-screen">
          {frame ? (
            <img src={`data:image/jpeg;base64,${frame.jpeg}`} alt={`What the browser shows at ${frame.url}`} />
          ) : (
            <Text c="dimmed" size="sm">{run.status === 'queued' ? 'Waiting for the robot' : run.status === 'running' ? 'The first picture is on its way' : 'Nothing was seen of this run'}</Text>
          )}
        </div>
      </Card>
      <Card withBorder radius="md" padding="sm" component="section" aria-label="Steps of the flow">
        <ol className="demo-steps">
          {doc.nodes.map((n) => {
            const s = states.get(n.id);
            const how = s?.state ?? 'idle';
            return (
              <li key={n.id} data-state={how}>
                <Mark state={how} />
                <span className="demo-step">{n.title}</span>
                {healed.has(n.id) && <Badge size="sm" color="orange" variant="light" radius="sm" tt="none" className="status" data-color="orange" leftSection={<IconBandage size={12} aria-hidden />}>healed</Badge>}
                <span className="demo-took">{s?.ms === undefined ? words[how] : duration(s.ms)}</span>
              </li>
            );
          })}
        </ol>
      </Card>
    </div>
  );
}
