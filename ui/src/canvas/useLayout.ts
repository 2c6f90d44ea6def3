import { useEffect, useMemo, useState } from 'react';

import type { FlowDoc } from './flow';
import { layout, type Places, type Sketch } from './layout';

const nodeHeight = 66;
/** From this many nodes on the layout is made beside the page, which would otherwise stand still. */
const many = 150;

/** The place of each node: as the flow has it, else laid out. It is null until it is known. */
export function useLayout(doc: FlowDoc): Places | null {
  const sketch = useMemo((): Sketch => ({ nodes: doc.nodes.map((n) => ({ id: n.id, height: nodeHeight })), edges: doc.edges }), [doc]);
  const given = useMemo((): Places | null => {
    if (doc.nodes.length === 0 || doc.nodes.some((n) => !doc.positions.has(n.id))) return null;
    return Object.fromEntries(doc.positions);
  }, [doc]);
  const small = sketch.nodes.length < many;
  const near = useMemo(() => (given ? given : small ? layout(sketch) : null), [given, small, sketch]);
  const [far, setFar] = useState<{ of: Sketch; places: Places } | null>(null);
  useEffect(() => {
    if (near) return;
    const w = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' });
    w.onmessage = (e: MessageEvent<Places>) => setFar({ of: sketch, places: e.data });
    w.postMessage(sketch);
    return () => w.terminate();
  }, [near, sketch]);
  return near ?? (far?.of === sketch ? far.places : null);
}
