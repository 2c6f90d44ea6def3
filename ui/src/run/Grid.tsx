import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';

import { api, must, type Schemas } from '../api/client';
import type { FlowDoc } from '../canvas/flow';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { ago, useNow } from '../parts/time';
import { passed } from './state';

type GridRun = Schemas['GridRun'];

const height = 26;

/** The latest runs of a flow beside each other, oldest first: how each stood with each node in the end. */
export function Grid({ name, doc }: { name: string; doc: FlowDoc }) {
  const grid = useQuery({
    queryKey: ['grid', name],
    refetchInterval: 5000,
    queryFn: () => must(api.GET('/api/v1/flows/{name}/grid', { params: { path: { name }, query: { limit: 30 } } })),
  });
  if (grid.error) return <Wrong error={grid.error} again={() => void grid.refetch()} />;
  if (grid.isPending) return <Loading />;
  const runs = (grid.data.items ?? []).slice().reverse();
  if (!runs.length) return <Empty title="This flow has not run yet">Its latest runs show here, node by node.</Empty>;
  return <Shown runs={runs} doc={doc} />;
}

function Shown({ runs, doc }: { runs: GridRun[]; doc: FlowDoc }) {
  const now = useNow(60_000);
  const box = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only and not remembered
  const view = useVirtualizer({ count: doc.nodes.length, getScrollElement: () => box.current, estimateSize: () => height, overscan: 10 });
  const items = view.getVirtualItems();
  const gone = useMemo(() => new Map(runs.map((r) => [r.id, passed(doc, (id) => !!r.cells[id])])), [runs, doc]);
  const before = items[0]?.start ?? 0;
  const after = view.getTotalSize() - (items[items.length - 1]?.end ?? 0);
  return (
    <div className="grid-runs" ref={box} tabIndex={0} role="region" aria-label="The latest runs, node by node">
      <table aria-rowcount={doc.nodes.length + 1}>
        <thead>
          <tr>
            <th scope="col">Node</th>
            {runs.map((r) => (
              <th key={r.id} scope="col">
                <Link to="/runs/$id" params={{ id: r.id }} className="grid-run" data-state={r.status} title={`${r.id}, ${r.status}, ${ago(r.created, now)}${r.partial ? '. It is long: only its beginning and its end are looked at here' : ''}`} aria-label={`Run ${r.id}, ${r.status}, ${ago(r.created, now)}`} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr style={{ height: before }} aria-hidden />}
          {items.map((v) => {
            const n = doc.nodes[v.index];
            if (!n) return null;
            return (
              <tr key={n.id} aria-rowindex={v.index + 2} style={{ height }}>
                <th scope="row" title={n.id}>{n.title}</th>
                {runs.map((r) => <Cell key={r.id} run={r} node={n.id} title={n.title} passed={!!gone.get(r.id)?.has(n.id)} />)}
              </tr>
            );
          })}
          {after > 0 && <tr style={{ height: after }} aria-hidden />}
        </tbody>
      </table>
      <Text size="xs" c="dimmed" p="xs">Each column is a run, the newest at the right; a cell leads to the run at that node. A ring in a cell says that something failed before it worked; pale cells only steer or compute.{runs.some((r) => r.partial) ? ' Of long runs only the beginning and the end are looked at: a half cell may have run in between.' : ''}</Text>
    </div>
  );
}

function Cell({ run, node, title, passed }: { run: GridRun; node: string; title: string; passed: boolean }) {
  const c = run.cells[node];
  const state = c?.state ?? (passed ? 'passed' : run.partial ? 'unknown' : 'none');
  const said = c ? `${c.state}${c.count > 1 ? `, ${c.count} executions` : ''}${c.failed ? `, ${c.failed} failed` : ''}` : passed ? 'passed' : run.partial ? 'not known' : 'did not run';
  if (!c && !passed) return <td><span className="grid-cell" data-state={state} role="img" aria-label={`${title} ${said}`} /></td>;
  return (
    <td>
      <Link to="/runs/$id" params={{ id: run.id }} search={{ node }} className="grid-cell" data-state={state} data-retried={c && (c.failed ?? 0) > 0 && c.state !== 'failed' ? true : undefined} title={`${title} in ${run.id}: ${said}`} aria-label={`${title} in run ${run.id}: ${said}`} />
    </td>
  );
}
