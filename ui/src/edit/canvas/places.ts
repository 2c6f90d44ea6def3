import type { FlowEdge } from '../../canvas/flow';
import { nodeWidth, type Places } from '../../canvas/layout';
import type { At } from '../ops';
import type { ParsedFlow } from '../parse';

/** How far below each other nodes stand. */
export const rowHeight = 118;
export const columnWidth = nodeWidth + 36;
export const height = 66;
/** A node with several ports has a line for their names. */
export const heightOf = (ports: number): number => (ports > 1 ? 84 : height);

const hits = (a: At, b: At) => Math.abs(a.x - b.x) < nodeWidth + 12 && Math.abs(a.y - b.y) < height + 26;

/** The nearest free place to the right of one, or that one. */
export function free(at: At, places: Places): At {
  const taken = Object.values(places);
  let out = { x: Math.round(at.x), y: Math.round(at.y) };
  for (let i = 0; i < 200 && taken.some((p) => hits(p, out)); i++) out = { x: out.x + columnWidth, y: out.y };
  return out;
}

/** Places for all nodes: those that are known, and for others one below what leads to them. */
export function filled(flow: ParsedFlow, known: ReadonlyMap<string, At>): Places {
  const out: Places = {};
  for (const n of flow.nodes) {
    const at = known.get(n.id);
    if (at) out[n.id] = at;
  }
  const bottom = Math.max(0, ...Object.values(out).map((p) => p.y)) + rowHeight;
  const left = Math.min(...Object.values(out).map((p) => p.x));
  for (let left2 = flow.nodes.filter((n) => !out[n.id]); left2.length; ) {
    const next = left2.find((n) => flow.edges.some((e) => e.to === n.id && out[e.from]));
    const n = next ?? left2[0];
    if (!n) break;
    const from = flow.edges.find((e) => e.to === n.id && out[e.from]);
    const above = from && out[from.from];
    out[n.id] = free(above ? { x: above.x, y: above.y + rowHeight } : { x: Number.isFinite(left) ? left : 0, y: bottom }, out);
    left2 = left2.filter((x) => x !== n);
  }
  return out;
}

/** Where a new node stands behind another one, and who makes room for it. */
export function behindOf(flow: ParsedFlow, places: Places, from: string, wire?: FlowEdge): { at: At; moved: Places } {
  const above = places[from] ?? { x: 0, y: 0 };
  const target = wire && places[wire.to];
  if (!wire || !target) return { at: free({ x: above.x, y: above.y + rowHeight }, places), moved: {} };
  const at = { x: target.y > above.y ? target.x : above.x, y: above.y + rowHeight };
  if (target.y <= above.y || target.y - above.y >= 2 * rowHeight - 20) return { at: free(at, places), moved: {} };
  const by = above.y + 2 * rowHeight - target.y;
  const moved: Places = {};
  for (const id of reached(flow, wire.to, from)) {
    const p = places[id];
    if (p && p.y >= target.y) moved[id] = { x: p.x, y: p.y + by };
  }
  return { at, moved };
}

function reached(flow: ParsedFlow, from: string, but: string): Set<string> {
  const next = new Map<string, string[]>();
  for (const e of flow.edges) next.set(e.from, [...(next.get(e.from) ?? []), e.to]);
  const seen = new Set([from, but]);
  for (const todo = [from]; todo.length; ) {
    for (const to of next.get(todo.pop() ?? '') ?? []) {
      if (seen.has(to)) continue;
      seen.add(to);
      todo.push(to);
    }
  }
  seen.delete(but);
  return seen;
}

export type Side = 'left' | 'center' | 'right' | 'top' | 'middle' | 'bottom' | 'across' | 'down';

/** Lines nodes up, or spaces them evenly. */
export function aligned(ids: readonly string[], places: Places, side: Side): Places {
  const all = ids.flatMap((id) => (places[id] ? [{ id, ...places[id] }] : []));
  if (all.length < 2) return {};
  const axis = side === 'left' || side === 'center' || side === 'right' || side === 'across' ? 'x' : 'y';
  const values = all.map((p) => p[axis]);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  if (side === 'across' || side === 'down') {
    const sorted = [...all].sort((a, b) => a[axis] - b[axis]);
    // What stands on one place is spread so that nothing covers another.
    const step = Math.max((max - min) / (all.length - 1), axis === 'x' ? columnWidth : rowHeight);
    return Object.fromEntries(sorted.map((p, i) => [p.id, { x: p.x, y: p.y, [axis]: Math.round(min + i * step) }]));
  }
  const to = side === 'left' || side === 'top' ? min : side === 'right' || side === 'bottom' ? max : Math.round((min + max) / 2);
  return Object.fromEntries(all.map((p) => [p.id, { x: p.x, y: p.y, [axis]: to }]));
}

export type Way = 'up' | 'down' | 'left' | 'right';

/** The node that an arrow key leads to: along wires up and down, to the neighbour beside otherwise. */
export function neighbour(flow: ParsedFlow, places: Places, id: string, way: Way): string | undefined {
  const here = places[id];
  if (!here) return flow.start || flow.nodes[0]?.id;
  const near = (ids: string[], cost: (p: At) => number) => ids.filter((n) => places[n]).sort((a, b) => cost(places[a] as At) - cost(places[b] as At))[0];
  const far = (p: At) => Math.abs(p.x - here.x) + Math.abs(p.y - here.y);
  if (way === 'down' || way === 'up') {
    const along = flow.edges.flatMap((e) => (way === 'down' ? (e.from === id ? [e.to] : []) : e.to === id ? [e.from] : []));
    return near(along, far);
  }
  const beside = flow.nodes.map((n) => n.id).filter((n) => n !== id && places[n] && (way === 'left' ? (places[n]?.x ?? 0) < here.x - 8 : (places[n]?.x ?? 0) > here.x + 8));
  return near(beside, (p) => Math.abs(p.x - here.x) + 3 * Math.abs(p.y - here.y));
}
