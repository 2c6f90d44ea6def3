import dagre from '@dagrejs/dagre';

/** What the layout is made of, and what comes of it: the upper left corner of each node. */
export interface Sketch {
  nodes: { id: string; height: number }[];
  edges: { from: string; to: string }[];
}
export type Places = Record<string, { x: number; y: number }>;

export const nodeWidth = 208;

/** Places nodes from top to bottom, so that wires cross little. The same flow is always placed the same way. */
export function layout(s: Sketch): Places {
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: 'TB', nodesep: 36, ranksep: 44, marginx: 20, marginy: 20 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const n of s.nodes) g.setNode(n.id, { width: nodeWidth, height: n.height });
  for (const e of s.edges) if (g.hasNode(e.from) && g.hasNode(e.to) && e.from !== e.to) g.setEdge(e.from, e.to);
  dagre.layout(g, { constraints: beside(s.edges.filter((e) => g.hasEdge(e.from, e.to))) });
  const out: Places = {};
  for (const n of s.nodes) {
    const at = g.node(n.id) as { x: number; y: number; height: number };
    out[n.id] = { x: Math.round(at.x - nodeWidth / 2), y: Math.round(at.y - at.height / 2) };
  }
  return out;
}

/**
 * What follows a node is to stand in the order of its wires, which is that of its ports, so that those of a loop do not
 * cross. Of orders that contradict each other the first counts.
 */
function beside(edges: Sketch['edges']): { left: string; right: string }[] {
  const last = new Map<string, string>();
  const after = new Map<string, string[]>();
  const leads = (from: string, to: string): boolean => {
    const seen = new Set([from]);
    for (const id of seen) for (const next of after.get(id) ?? []) seen.add(next);
    return seen.has(to);
  };
  return edges.flatMap(({ from, to: right }) => {
    const left = last.get(from);
    last.set(from, right);
    if (left === undefined || leads(right, left)) return [];
    after.set(left, [...(after.get(left) ?? []), right]);
    return [{ left, right }];
  });
}
