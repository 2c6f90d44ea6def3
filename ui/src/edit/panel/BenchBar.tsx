import './panel.css';

import { Button, Group, Text } from '@mantine/core';
import { IconPin } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import type { Model } from '../model';
import { useBench } from './bench';
import { TryStatus } from './TryBar';

/** Above the canvas: how a development run stands, and that some outputs are pinned. Nothing if neither is so. */
export function BenchBar({ model }: { model: Model }) {
  const bench = useBench(model);
  const queries = useQueryClient();
  const name = model.flow().name;
  useEffect(() => bench.open(name), [bench, name]);
  const pins = Object.keys(bench.pins).filter((id) => model.flow().byId.has(id));
  return (
    <>
      {bench.trying && <TryStatus key={bench.trying.run} trying={bench.trying} bench={bench} onEnd={() => void queries.invalidateQueries({ queryKey: ['runs'] })} />}
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
