import { readFlow, type FlowDoc, type FlowEdge, type FlowNode } from '../canvas/flow';
import { isRecord, valueAt } from './change';
import { mentioned } from './expressions';
import { rangeOf, read, type Path, type Source } from './source';

/** A note that lies on the canvas. */
export interface Note {
  text: string;
  x: number;
  y: number;
  width: number;
  height: number;
}
/** A frame around nodes. */
export interface Frame {
  title: string;
  color: string;
  x: number;
  y: number;
  width: number;
  height: number;
  nodes: string[];
}

/** A flow as its text has it, with the places of its parts in the text. */
export interface ParsedFlow extends FlowDoc {
  text: string;
  /** The file's values as they are. */
  value: Record<string, unknown>;
  /** The node that a run begins with. */
  start: string;
  byId: Map<string, FlowNode>;
  /** Which node reads outputs of which: from the one that is mentioned to the one that mentions it. */
  data: { from: string; to: string }[];
  notes: Note[];
  frames: Frame[];
  /** Where something stands in the text; paths are those of the file, such as ['nodes', 2, 'params', 'url']. */
  range: (path: Path) => { from: number; to: number } | null;
  /** The node in whose lines a place of the text is. */
  nodeAt: (at: number) => string | undefined;
  /** The path of a node in the file. */
  pathOf: (id: string) => Path | undefined;
}

const num = (v: unknown, or: number) => (typeof v === 'number' && Number.isFinite(v) ? v : or);
const str = (v: unknown) => (typeof v === 'string' ? v : '');
const pair = (v: unknown, a: string, b: string, or: [number, number]): [number, number] =>
  Array.isArray(v) ? [num(v[0], or[0]), num(v[1], or[1])] : isRecord(v) ? [num(v[a], or[0]), num(v[b], or[1])] : or;

/** The notes of a flow; what is no note keeps its place in the list, so that places stay those of the file. */
export function notesOf(value: unknown): Note[] {
  const list = valueAt(value, ['view', 'notes']);
  return (Array.isArray(list) ? list : []).map((n) => {
    const r = isRecord(n) ? n : {};
    return { text: str(r.text), x: num(r.x, 0), y: num(r.y, 0), width: num(r.width, 200), height: num(r.height, 110) };
  });
}

export function framesOf(value: unknown): Frame[] {
  const list = valueAt(value, ['view', 'frames']);
  return (Array.isArray(list) ? list : []).map((f) => {
    const r = isRecord(f) ? f : {};
    const [x, y] = pair(r.position, 'x', 'y', [0, 0]);
    const [width, height] = pair(r.size, 'width', 'height', [320, 200]);
    return { title: str(r.title), color: str(r.color), x, y, width, height, nodes: (Array.isArray(r.nodes) ? r.nodes : []).filter((n): n is string => typeof n === 'string') };
  });
}

let last: { source: Source; flow: ParsedFlow } | null = null;

/** Reads a flow's text. What does not parse gives what of it does; `wrong` of the source says so. */
export function parse(text: string): { flow: ParsedFlow; wrong: Source['wrong'] } {
  const source = read(text);
  if (last?.source === source) return { flow: last.flow, wrong: source.wrong };
  const flow = make(source);
  last = { source, flow };
  return { flow, wrong: source.wrong };
}

function make(source: Source): ParsedFlow {
  const value = isRecord(source.value) ? source.value : {};
  const doc = readFlow(value);
  const seen = new Set<string>();
  const known = doc.nodes.filter((n) => n.id && !seen.has(n.id) && seen.add(n.id));
  const byId = new Map(known.map((n) => [n.id, n]));
  const list = Array.isArray(value.nodes) ? (value.nodes as unknown[]) : [];
  const places = new Map<string, number>();
  list.forEach((n, i) => {
    const id = isRecord(n) ? str(n.id) : '';
    if (id && !places.has(id)) places.set(id, i);
  });
  const data = known.flatMap((n) => [...mentioned(n.raw)].filter((id) => id !== n.id && byId.has(id)).map((from) => ({ from, to: n.id })));
  const range = (path: Path) => rangeOf(source, path);
  return {
    ...doc,
    nodes: known,
    edges: uniqueEdges(doc.edges),
    text: source.text,
    value,
    start: str(value.start) || known[0]?.id || '',
    byId,
    data,
    notes: notesOf(value),
    frames: framesOf(value),
    range,
    pathOf: (id) => (places.has(id) ? ['nodes', places.get(id) as number] : undefined),
    nodeAt: (at) => {
      for (const [id, i] of places) {
        const r = range(['nodes', i]);
        if (r && at >= r.from - 2 && at <= r.to) return id;
      }
      return undefined;
    },
  };
}

function uniqueEdges(edges: FlowEdge[]): FlowEdge[] {
  const seen = new Set<string>();
  return edges.filter((e) => {
    const k = edgeText(e);
    return seen.has(k) ? false : !!seen.add(k);
  });
}

/** A wire as it is written in a file. */
export const edgeText = (e: FlowEdge): string => (!e.port || e.port === 'next' ? `${e.from} -> ${e.to}` : `${e.from}.${e.port} -> ${e.to}`);
