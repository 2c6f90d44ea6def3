import './panel.css';

import { Button, Group, Text } from '@mantine/core';
import { IconPin, IconPlayerPlay } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import { BreakWhen } from '../../run/BreakWhen';
import type { Model } from '../model';
import { useBench } from './bench';
import { TryStatus } from './TryBar';
import { useTry } from './useTry';

/** Above the canvas: how a development run stands, and that some outputs are pinned. Nothing if neither is so. */
export function BenchBar({ model }: { model: Model }) {
  const bench = useBench(model);
  const queries = useQueryClient();
  const name = model.flow().name;
  useEffect(() => bench.open(name), [bench, name]);
  const flow = model.flow();
  const stops = bench.breaks.filter((b) => flow.byId.has(b.node));
  const debug = useTry(model, bench);
  const busy = debug.isPending || (!!bench.trying && !bench.trying.ended);
  const pins = Object.keys(bench.pins).filter((id) => model.flow().byId.has(id));
  return (
    <>
      {bench.trying && <TryStatus key={bench.trying.run} trying={bench.trying} bench={bench} onEnd={() => void queries.invalidateQueries({ queryKey: ['runs'] })} />}
      {stops.length > 0 && (
        <div className="break-bar">
          <Group gap={8}>
            <span className="break-dot" aria-hidden />
            <Text size="xs" flex="1 1 220px" className="wrap">
              {stops.length === 1 ? `A breakpoint is set at ${stops[0]?.node}` : `Breakpoints are set at ${stops.length} nodes`}: only runs that you start here stop there.
              {debug.error && <Text span size="xs" c="red" role="alert" display="block">{debug.error.message}</Text>}
            </Text>
            <Button size="compact-xs" leftSection={<IconPlayerPlay size={13} aria-hidden />} loading={debug.isPending} disabled={busy} onClick={() => debug.mutate({ mode: 'from', node: flow.start, run: bench.run, stops })}>Run with breakpoints</Button>
            <Button size="compact-xs" variant="default" onClick={bench.clearBreaks}>{stops.length === 1 ? 'Take it away' : 'Take all away'}</Button>
          </Group>
          <ul className="break-list" aria-label="Breakpoints">
            {stops.map((b) => (
              <li key={b.node}>
                <Text size="xs" span className="mono break-node" title={b.node}>{b.node}</Text>
                <BreakWhen title={b.node} when={b.when ?? ''} onSet={(when) => bench.breakWhen(b.node, when)} />
              </li>
            ))}
          </ul>
        </div>
      )}
      {pins.length > 0 && (
        <Group gap={8} className="pin-bar" wrap="nowrap">
          <IconPin size={14} aria-hidden />
          <Text size="xs" flex={1} className="wrap">
            {pins.length === 1 ? `The output of ${pins[0]} is pinned` : `The outputs of ${pins.length} nodes are pinned`}: it holds when you try the flow here, never in its own runs.
          </Text>
          <Button size="compact-xs" variant="default" onClick={bench.unpin}>{pins.length === 1 ? 'Unpin' : 'Unpin all'}</Button>
        </Group>
      )}
    </>
  );
}
