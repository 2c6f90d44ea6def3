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
  dagre.layout(g);
  const out: Places = {};
  for (const n of s.nodes) {
    const at = g.node(n.id) as { x: number; y: number; height: number };
    out[n.id] = { x: Math.round(at.x - nodeWidth / 2), y: Math.round(at.y - at.height / 2) };
  }
  return out;
}
