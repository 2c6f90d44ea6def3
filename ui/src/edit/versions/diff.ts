import { isRecord, same } from '../change';
import { edgeText } from '../parse';
import { readFlow, type FlowDoc } from '../../canvas/flow';

export type Mark = 'added' | 'removed' | 'changed';

/** One thing that two versions have different; undefined is for what one of them has not. */
export interface Difference {
  what: string;
  before: unknown;
  after: unknown;
}

export interface NodeDiff {
  id: string;
  title: string;
  mark: Mark;
  fields: Difference[];
}

/** How two versions of a flow differ in what they do; how they are laid out is left aside. */
export interface FlowDiff {
  /** Both in one: what is new, and what is gone. */
  doc: FlowDoc;
  nodes: NodeDiff[];
  marks: Map<string, Mark>;
  /** Marks of wires, by how they are written. */
  edges: Map<string, Mark>;
  /** What is different beside nodes and wires. */
  flow: Difference[];
}

type Rec = Record<string, unknown>;
const beside = new Set(['nodes', 'edges', 'view', 'aether']);

export function diff(before: unknown, after: unknown): FlowDiff {
  const [a, b] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  const [from, to] = [readFlow(a), readFlow(b)];
  const was = new Map(from.nodes.map((n) => [n.id, n]));
  const is = new Map(to.nodes.map((n) => [n.id, n]));
  const nodes: NodeDiff[] = [];
  for (const n of to.nodes) {
    const old = was.get(n.id);
    if (!old) nodes.push({ id: n.id, title: n.title, mark: 'added', fields: fields({}, n.raw) });
    else if (!same(old.raw, n.raw)) nodes.push({ id: n.id, title: n.title, mark: 'changed', fields: fields(old.raw, n.raw) });
  }
  for (const n of from.nodes) if (!is.has(n.id)) nodes.push({ id: n.id, title: n.title, mark: 'removed', fields: fields(n.raw, {}) });
  const edges = new Map<string, Mark>();
  const [wires, now] = [new Set(from.edges.map(edgeText)), new Set(to.edges.map(edgeText))];
  for (const e of now) if (!wires.has(e)) edges.set(e, 'added');
  for (const e of wires) if (!now.has(e)) edges.set(e, 'removed');
  const pick = (r: Rec): Rec => Object.fromEntries(Object.entries(r).filter(([k]) => !beside.has(k)));
  return {
    doc: {
      ...to,
      nodes: [...to.nodes, ...from.nodes.filter((n) => !is.has(n.id))],
      edges: [...to.edges, ...from.edges.filter((e) => edges.get(edgeText(e)) === 'removed')],
      positions: new Map([...from.positions, ...to.positions]),
    },
    nodes,
    marks: new Map(nodes.map((n) => [n.id, n.mark])),
    edges,
    flow: fields(pick(a), pick(b)),
  };
}

/** The values that differ, each with its path; lists are compared as a whole. */
export function fields(a: Rec, b: Rec, at = ''): Difference[] {
  const out: Difference[] = [];
  for (const k of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (same(a[k], b[k]) || (!at && k === 'id')) continue;
    const path = at ? `${at}.${k}` : k;
    const [x, y] = [a[k], b[k]];
    if ((isRecord(x) || x === undefined) && (isRecord(y) || y === undefined) && Object.keys(x ?? {}).length + Object.keys(y ?? {}).length > 0) out.push(...fields(x ?? {}, y ?? {}, path));
    else out.push({ what: path, before: x, after: y });
  }
  return out;
}
