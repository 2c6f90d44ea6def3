import { NativeSelect, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';

import { refType } from '../../forms/Text';
import type { Peek } from '../../forms/values';
import type { Ref, Taker } from '../../forms/env';
import { ago, useNow } from '../../parts/time';
import type { ParsedFlow } from '../parse';
import { Tree } from './Tree';
import type { Evaluated } from './useEvaluated';

export interface RunChoice {
  id: string;
  status: string;
  created: string;
  development?: { mode: string; node: string };
}

interface Props {
  flow: ParsedFlow;
  data?: Evaluated;
  refs: readonly Ref[];
  taker: Taker | null;
  runs: readonly RunChoice[];
  run: string;
  onRun: (run: string) => void;
  at: string;
  onAt: (at: string) => void;
}

const hidden = new Set(['run', 'flow']);

/** What a node's expressions can refer to, as the chosen run recorded it. */
export function InputColumn({ flow, data, refs, taker, runs, run, onRun, at, onAt }: Props) {
  const [find, setFind] = useState('');
  const now = useNow(30_000);
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length ? refs.filter((r) => words.every((w) => r.path.toLowerCase().includes(w) || r.preview.toLowerCase().includes(w))) : [];
  const insert = (ref: string) => taker?.insert(ref);
  const roots = data?.scope.fields ?? [];
  const nodes = roots.find((f) => f.name === 'nodes')?.value.fields ?? [];
  // The newest stands first: what ran right before is what one mostly needs.
  const place = new Map(flow.nodes.map((n, i) => [n.id, i]));
  const sorted = [...nodes].sort((a, b) => (place.get(b.name) ?? -1) - (place.get(a.name) ?? -1));
  const others = roots.filter((f) => f.name !== 'nodes' && !hidden.has(f.name));
  const few = roots.filter((f) => hidden.has(f.name));
  const tree = (name: string, value: Peek, path: (string | number)[], open = false) => <Tree key={name} name={name} value={value} path={path} open={open} insert={insert} into={taker?.label} />;
  return (
    <>
      <div className="column-tools">
        <NativeSelect
          size="xs"
          aria-label="Run whose data is used"
          value={run}
          onChange={(e) => onRun(e.currentTarget.value)}
          data={[...runs.map((r) => ({ value: r.id, label: `${r.development ? `tried ${r.development.node}` : 'run'}, ${r.status}, ${ago(r.created, now)}` })), { value: '', label: 'no run: only what is pinned' }]}
        />
        {!!data?.paths?.length && (
          <NativeSelect size="xs" aria-label="Turn of the loop" value={at || data.path} onChange={(e) => onAt(e.currentTarget.value)} data={[...new Set([...(data.paths ?? []), data.path])].map((p) => ({ value: p, label: p }))} />
        )}
        <TextInput size="xs" type="search" aria-label="Search the data" placeholder="Search the data" leftSection={<IconSearch size={14} aria-hidden />} value={find} onChange={(e) => setFind(e.currentTarget.value)} />
      </div>
      {data?.note && <Text size="xs" c="dimmed" mb={6}>{data.note}</Text>}
      {data && run && !data.reached && <Text size="xs" c="dimmed" mb={6}>This run did not come to the node; these are the values at its end.</Text>}
      {words.length > 0 ? (
        <ul className="tree" aria-label="Data found">
          {found.slice(0, 100).map((r) => (
            <li key={r.path}>
              <button
                type="button"
                className="ref-row"
                draggable
                disabled={!taker}
                onDragStart={(e) => {
                  e.dataTransfer.setData(refType, r.path);
                  e.dataTransfer.setData('text/plain', `{{ ${r.path} }}`);
                }}
                onClick={() => insert(r.path)}
              >
                <span className="ref-path">{r.path}</span>
                <span className="ref-value">{r.preview}</span>
              </button>
            </li>
          ))}
          {!found.length && <Text size="xs" c="dimmed">Nothing fits.</Text>}
        </ul>
      ) : (
        <ul className="tree" aria-label="Recorded data">
          {sorted.map((f, i) => tree(f.name, f.value, ['nodes', f.name], i === 0))}
          {others.map((f) => tree(f.name, f.value, [f.name], true))}
          {few.map((f) => tree(f.name, f.value, [f.name]))}
        </ul>
      )}
      {data && !nodes.length && !words.length && (
        <Text size="sm" c="dimmed" mt="xs">
          Nothing before this node has run yet. <b>Run to here</b> runs what leads to it, and shows here what it gave.
        </Text>
      )}
    </>
  );
}
