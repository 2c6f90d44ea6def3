import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { IconPin, IconPinnedOff } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';

import { FailureText } from '../../run/FailureText';
import { When } from '../../parts/When';
import { duration } from '../../parts/time';
import { whole, type Field, type Path } from '../../forms/values';
import type { FlowNode } from '../../canvas/flow';
import type { Bench } from './bench';
import { Tree } from './Tree';
import type { Evaluated } from './useEvaluated';

const PinDialog = lazy(() => import('./PinDialog'));

interface Props {
  node: FlowNode;
  fields: readonly Field[];
  data?: Evaluated;
  bench: Bench;
  /** Whether the node's output can be pinned. */
  pins: boolean;
  /** Gives the whole output as it was recorded, or says why it cannot be pinned. */
  fetchOutput: () => Promise<Record<string, unknown>>;
}

/** What the node gave in the run that is looked at; else what it will give. */
export function OutputColumn({ node, fields, data, bench, pins, fetchOutput }: Props) {
  const [dialog, setDialog] = useState<Record<string, unknown> | null>(null);
  const [wrong, setWrong] = useState('');
  const pinned = bench.pins[node.id];
  const out = data?.output;
  const path: Path = ['nodes', node.id];
  const take = async () => {
    try {
      setWrong('');
      const small = out && whole(out);
      setWrong(bench.pin(node.id, (small ? small.value : await fetchOutput()) as Record<string, unknown>) ?? '');
    } catch (e) {
      setWrong(e instanceof Error ? e.message : String(e));
    }
  };
  const sample = () => {
    const small = out && whole(out);
    return (small?.value as Record<string, unknown> | undefined) ?? Object.fromEntries(fields.map((f) => [f.name ?? '', f.kind === 'list' || f.kind === 'rows' ? [] : f.kind === 'map' || f.kind === 'object' ? {} : f.kind === 'bool' ? false : f.kind === 'int' || f.kind === 'number' ? 0 : '']));
  };
  return (
    <Stack gap="xs">
      {pins && (
        <Group gap={6}>
          {pinned ? (
            <>
              <Badge color="violet" variant="light" tt="none" leftSection={<IconPin size={12} aria-hidden />}>pinned</Badge>
              <Button size="compact-xs" variant="default" onClick={() => setDialog(pinned)}>Edit pinned data</Button>
              <Button size="compact-xs" variant="default" leftSection={<IconPinnedOff size={13} aria-hidden />} onClick={() => bench.pin(node.id, undefined)}>Unpin</Button>
            </>
          ) : (
            <>
              {out && !data.failure && <Button size="compact-xs" variant="default" leftSection={<IconPin size={13} aria-hidden />} onClick={() => void take()}>Pin output</Button>}
              <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setDialog(sample())}>Write test data</Button>
            </>
          )}
        </Group>
      )}
      {pinned && <Text size="xs" c="dimmed">When you try the flow here, this node does not act and gives this. Runs of the flow itself never use it.</Text>}
      {wrong && <Alert color="orange" p="xs" role="alert">{wrong}</Alert>}
      {data?.failure && (
        <div className="failure" style={{ paddingLeft: 10 }}>
          <FailureText failure={data.failure} />
        </div>
      )}
      {out && (
        <>
          <Text size="xs" c="dimmed">
            {data.pinned ? 'Pinned, not recorded' : data.computed ? 'Computed now: the node acts on nothing, and what it gives is not recorded' : <When at={data.ended} />}
            {!data.pinned && data.started && data.ended ? `, took ${duration(Date.parse(data.ended) - Date.parse(data.started))}` : ''}
          </Text>
          <ul className="tree" aria-label={`Output of ${node.title}`}>
            {(out.fields ?? []).map((f) => <Tree key={f.name} name={f.name} value={f.value} path={[...path, f.name]} open />)}
          </ul>
          {out.type === 'map' && !out.fields?.length && <Text size="sm" c="dimmed">It gave nothing.</Text>}
        </>
      )}
      {!out && !data?.failure && (
        <>
          <Text size="sm" c="dimmed">{fields.length ? 'It has not run yet. It will give:' : 'It gives nothing to other nodes.'}</Text>
          <ul className="tree" aria-label={`What ${node.title} gives`}>
            {fields.map((f) => (
              <li key={f.name} className="schema-row">
                <span className="tree-key">{f.name}</span> <span className="tree-kind">{f.kind}</span>
                <Text size="xs" c="dimmed">{f.doc}</Text>
              </li>
            ))}
          </ul>
        </>
      )}
      {dialog && (
        <Suspense fallback={null}>
          <PinDialog
            node={node.title}
            value={dialog}
            onClose={() => setDialog(null)}
            onPin={(v) => {
              setWrong(bench.pin(node.id, v) ?? '');
              setDialog(null);
            }}
          />
        </Suspense>
      )}
    </Stack>
  );
}
