import { useEffect, useMemo, useState } from 'react';

import { layout, type Places, type Sketch } from '../../canvas/layout';
import type { Catalog } from '../catalog';
import type { ParsedFlow } from '../parse';
import { filled, heightOf } from './places';

/** From this many nodes on the layout is made beside the page, which would otherwise stand still. */
const many = 150;

export function sketch(flow: ParsedFlow, catalog: Catalog): Sketch {
  return { nodes: flow.nodes.map((n) => ({ id: n.id, height: heightOf((catalog.of(n.type)?.ports ?? []).filter((p) => p.name !== 'error').length) + 14 })), edges: flow.edges };
}

/** Lays out beside the page. */
export function layoutAside(s: Sketch, done: (p: Places) => void): () => void {
  const w = new Worker(new URL('../../canvas/layout.worker.ts', import.meta.url), { type: 'module' });
  w.onmessage = (e: MessageEvent<Places>) => {
    done(e.data);
    w.terminate();
  };
  w.postMessage(s);
  return () => w.terminate();
}

/** The place of each node: as the file has it, else laid out; while a large flow is laid out, as it was laid out last. */
export function usePlaces(flow: ParsedFlow, catalog: Catalog): Places | null {
  const shape = `${flow.nodes.map((n) => `${n.id}:${n.type}`).join(' ')}|${flow.edges.map((e) => `${e.from}.${e.port}>${e.to}`).join(' ')}`;
  const given = flow.positions.size > 0;
  const [far, setFar] = useState<{ shape: string; places: Places } | null>(null);
  // What the nodes are called or set to moves none of them: the layout is made of the shape alone.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const s = useMemo(() => (given ? null : sketch(flow, catalog)), [given, shape, catalog]);
  const near = useMemo(() => (s && s.nodes.length < many ? layout(s) : null), [s]);
  useEffect(() => {
    if (!s || near) return;
    return layoutAside(s, (places) => setFar({ shape, places }));
  }, [s, near, shape]);
  return useMemo(() => {
    if (given) return filled(flow, flow.positions);
    return near ?? (far ? filled(flow, new Map(Object.entries(far.places))) : null);
  }, [given, flow, near, far]);
}
