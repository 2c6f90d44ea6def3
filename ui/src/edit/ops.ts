import type { FlowEdge } from '../canvas/flow';
import { change, isRecord, type Change } from './change';
import { chain } from './edits';
import { mentions } from './expressions';
import { edgeText, parse } from './parse';
import { read, spot, type Path, type TextEdit } from './source';

/** The keys of a node, in the order in which they are written. */
const nodeKeys = ['id', 'type', 'title', 'disabled', 'params', 'timeout', 'retry', 'on_error', 'on_interrupted'];
const flowKeys = ['aether', 'name', 'description', 'inputs', 'outputs', 'vars', 'settings', 'start', 'nodes', 'edges', 'triggers', 'view'];
export interface At {
  x: number;
  y: number;
}

const whole = (at: At): At => ({ x: Math.round(at.x), y: Math.round(at.y) });

/** A new flow, as the editor begins it. */
export const emptyFlow = (name: string): string => `aether: 1\nname: ${/^[\w .-]+$/.test(name) && /^[a-z_]/i.test(name) ? name : JSON.stringify(name)}\nnodes: []\n`;

/** An id for a node of a type that no node has yet: click, click_2, ... */
export function freshId(taken: Iterable<string>, type: string): string {
  const used = new Set([...taken, ...reserved]);
  const base = (type.split('.').at(-1) ?? '').replace(/\W/g, '_').replace(/^(?=\d)/, '_').slice(0, 56) || 'node';
  if (!used.has(base)) return base;
  const stem = base.replace(/_\d+$/, '');
  for (let i = 2; ; i++) if (!used.has(`${stem}_${i}`)) return `${stem}_${i}`;
}
const reserved = ['vars', 'nodes', 'inputs', 'loop', 'loops', 'run', 'flow', 'error', 'true', 'false', 'nil', 'and', 'or', 'not', 'in', 'let', 'if', 'else'];

/** What cannot be the id of a node, as a sentence; nothing where it can. */
export function idProblem(id: string, taken: Iterable<string>): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(id)) return 'An id has letters, digits and _, begins with a letter and has at most 64 characters.';
  if (reserved.includes(id)) return `${id} is a word of the expression language.`;
  return [...taken].includes(id) ? `Another node has the id ${id}.` : undefined;
}

export interface NewNode {
  type: string;
  id?: string;
  title?: string;
  params?: Record<string, unknown>;
  /** The port it is reached from. A wire that is there already leads on from the new node, unless the port has many. */
  after?: { from: string; port: string; many?: boolean };
  /** The wire it is put into. */
  onWire?: FlowEdge;
  /** The node it leads to. */
  before?: string;
  /** The port that leads on from the new node; next, if it is not given. */
  out?: string;
  at?: At;
}

/** Adds a node, and the wires to it. */
export function addNode(text: string, n: NewNode): TextEdit[] {
  const { flow } = parse(text);
  const id = n.id ?? freshId(flow.byId.keys(), n.type);
  const node: Record<string, unknown> = { id, type: n.type };
  if (n.title) node.title = n.title;
  if (n.params && Object.keys(n.params).length) node.params = n.params;
  const out = n.out ?? 'next';
  const wire = n.onWire ?? (n.after && !n.after.many ? flow.edges.find((e) => e.from === n.after?.from && samePort(e.port, n.after.port)) : undefined);
  const from = wire?.from ?? n.after?.from;
  const after = from === undefined ? -1 : flow.nodes.findIndex((m) => m.id === from);
  const at = placeOf(flow.value, flow.nodes[after]?.id) ?? count(flow.value, 'nodes');
  return chain(
    text,
    (t) => change(t, [{ do: 'insert', path: ['nodes'], at, values: [node] }]),
    (t) => {
      if (wire) return replaceEdge(t, wire, [{ from: wire.from, port: wire.port, to: id }, { from: id, port: out, to: wire.to }]);
      return addEdges(t, [...(n.after ? [{ from: n.after.from, port: n.after.port, to: id }] : []), ...(n.before ? [{ from: id, port: out, to: n.before }] : [])]);
    },
    (t) => (n.at ? moveNodes(t, { [id]: n.at }) : []),
  );
}

const samePort = (a: string, b: string) => (a || 'next') === (b || 'next');
const sameEdge = (a: FlowEdge, b: FlowEdge) => a.from === b.from && a.to === b.to && samePort(a.port, b.port);
const count = (value: unknown, key: string) => (isRecord(value) && Array.isArray(value[key]) ? value[key].length : 0);

/** The place in the file behind a node. */
function placeOf(value: Record<string, unknown>, id?: string): number | undefined {
  const at = id === undefined || !Array.isArray(value.nodes) ? -1 : value.nodes.findIndex((n) => isRecord(n) && n.id === id);
  return at < 0 ? undefined : at + 1;
}

/** The wires of the file, each with its place in it. */
function edgesOf(text: string): { edge: FlowEdge; index: number }[] {
  const { edges } = (read(text).value ?? {}) as { edges?: unknown };
  return (Array.isArray(edges) ? edges : []).flatMap((e: unknown, index) => {
    const m = typeof e === 'string' ? /^\s*(\w+)(?:\.([\w-]+))?\s*->\s*(\w+)\s*$/.exec(e) : null;
    return m?.[1] && m[3] ? [{ edge: { from: m[1], port: m[2] ?? 'next', to: m[3] }, index }] : [];
  });
}

export function addEdges(text: string, edges: FlowEdge[]): TextEdit[] {
  if (!edges.length) return [];
  const { value } = parse(text).flow;
  const values = edges.map(edgeText);
  if (count(value, 'edges')) return change(text, [{ do: 'insert', path: ['edges'], at: count(value, 'edges'), values }]);
  return change(text, [{ do: 'set', path: ['edges'], value: values, behind: upTo(flowKeys, 'edges') }]);
}

const upTo = (keys: readonly string[], key: string) => keys.slice(0, Math.max(0, keys.indexOf(key)));

function replaceEdge(text: string, old: FlowEdge, edges: FlowEdge[]): TextEdit[] {
  const found = edgesOf(text).find((e) => sameEdge(e.edge, old));
  const [first, ...more] = edges.map(edgeText);
  if (!found || first === undefined) return addEdges(text, edges);
  const changes: Change[] = [{ do: 'set', path: ['edges', found.index], value: first }];
  if (more.length) changes.push({ do: 'insert', path: ['edges'], at: found.index + 1, values: more });
  return change(text, changes);
}

/** Leads a wire from a port to a node. A port that has one wire gets another one in its place. */
export function connect(text: string, e: FlowEdge, many = false): TextEdit[] {
  const all = edgesOf(text);
  if (all.some((x) => sameEdge(x.edge, e))) return [];
  const old = many ? undefined : all.find((x) => x.edge.from === e.from && samePort(x.edge.port, e.port));
  return old ? change(text, [{ do: 'set', path: ['edges', old.index], value: edgeText(e) }]) : addEdges(text, [e]);
}

export function disconnect(text: string, ...edges: FlowEdge[]): TextEdit[] {
  return removeEdges(text, (e) => edges.some((x) => sameEdge(x, e)));
}

function removeEdges(text: string, which: (e: FlowEdge) => boolean): TextEdit[] {
  const gone = edgesOf(text).filter((e) => which(e.edge));
  if (!gone.length) return [];
  if (gone.length === count(read(text).value, 'edges')) return change(text, [{ do: 'remove', path: ['edges'] }]);
  return change(text, gone.map((e): Change => ({ do: 'remove', path: ['edges', e.index] })));
}

/** Removes nodes, their wires and what the canvas keeps of them. What led to a node that led on to one other leads there. */
export function removeNodes(text: string, ids: Iterable<string>): TextEdit[] {
  const gone = new Set(ids);
  const { flow } = parse(text);
  if (!gone.size) return [];
  const bridges: [FlowEdge, string][] = [];
  const onward = (id: string, seen = new Set<string>()): string | undefined => {
    if (!gone.has(id)) return id;
    if (seen.has(id)) return undefined;
    const out = flow.edges.filter((e) => e.from === id && e.port !== 'error');
    return out.length === 1 && out[0] ? onward(out[0].to, seen.add(id)) : undefined;
  };
  for (const e of flow.edges) {
    const to = gone.has(e.to) && !gone.has(e.from) ? onward(e.to) : undefined;
    if (to && to !== e.from && !flow.edges.some((x) => x.from === e.from && x.to === to && samePort(x.port, e.port))) bridges.push([e, to]);
  }
  const start = gone.has(flow.start) ? onward(flow.start) : flow.start;
  const left = flow.nodes.filter((n) => !gone.has(n.id));
  return chain(
    text,
    (t) => change(t, edgesOf(t).flatMap(({ edge, index }): Change[] => {
      const to = bridges.find(([e]) => sameEdge(e, edge))?.[1];
      return to ? [{ do: 'set', path: ['edges', index], value: edgeText({ ...edge, to }) }] : [];
    })),
    (t) => removeEdges(t, (e) => gone.has(e.from) || gone.has(e.to)),
    (t) => (left.length ? change(t, placesOf(t, gone).map((i): Change => ({ do: 'remove', path: ['nodes', i] }))) : change(t, [{ do: 'set', path: ['nodes'], value: [] }])),
    (t) => setStart(t, start && !gone.has(start) ? start : left[0]?.id),
    (t) => forget(t, gone),
  );
}

function placesOf(text: string, ids: Set<string>): number[] {
  const { nodes } = (read(text).value ?? {}) as { nodes?: unknown };
  return (Array.isArray(nodes) ? nodes : []).flatMap((n, i) => (isRecord(n) && typeof n.id === 'string' && ids.has(n.id) ? [i] : []));
}

/** Lets a run begin with a node; the first node of the file needs no word for that. */
export function setStart(text: string, id: string | undefined): TextEdit[] {
  const { value, nodes } = parse(text).flow;
  if (id === undefined || id === nodes[0]?.id) return value.start === undefined || (id !== undefined && value.start === id) ? [] : change(text, [{ do: 'remove', path: ['start'] }]);
  return value.start === id ? [] : change(text, [{ do: 'set', path: ['start'], value: id, behind: upTo(flowKeys, 'start') }]);
}

/** Takes nodes out of what the canvas keeps. */
function forget(text: string, gone: Set<string>): TextEdit[] {
  const view = (read(text).value as { view?: unknown } | null)?.view;
  if (!isRecord(view)) return [];
  const changes: Change[] = [];
  for (const key of ['nodes', 'positions']) {
    const kept = view[key];
    if (!isRecord(kept)) continue;
    const all = Object.keys(kept);
    const out = all.filter((id) => gone.has(id));
    if (out.length === all.length && out.length) changes.push({ do: 'set', path: ['view', key], value: {} });
    else changes.push(...out.map((id): Change => ({ do: 'remove', path: ['view', key, id] })));
  }
  const frames = Array.isArray(view.frames) ? view.frames : [];
  frames.forEach((f, i) => {
    const nodes: unknown[] = isRecord(f) && Array.isArray(f.nodes) ? f.nodes : [];
    if (nodes.some((n) => gone.has(String(n)))) changes.push({ do: 'set', path: ['view', 'frames', i, 'nodes'], value: nodes.filter((n) => !gone.has(String(n))) });
  });
  return change(text, changes);
}

/** Gives a node another id, in its wires, in the expressions that mention it and in what the canvas keeps. */
export function renameNode(text: string, old: string, id: string): TextEdit[] {
  return renameNodes(text, new Map([[old, id]]));
}

export function renameNodes(text: string, names: Map<string, string>): TextEdit[] {
  const s = read(text);
  const edits: TextEdit[] = [];
  const { flow } = parse(text);
  const put = (path: Path, old: string) => {
    const r = flow.range(path);
    const id = names.get(old);
    if (!r || id === undefined || id === old) return;
    const at = text.slice(r.from, r.to).indexOf(old);
    if (at >= 0) edits.push({ from: r.from + at, to: r.from + at + old.length, text: id });
  };
  for (const old of names.keys()) {
    const path = flow.pathOf(old);
    if (path) put([...path, 'id'], old);
  }
  if (flow.value.start !== undefined) put(['start'], flow.start);
  for (const { edge, index } of edgesOf(text)) {
    const r = flow.range(['edges', index]);
    const written = r ? text.slice(r.from, r.to) : '';
    const arrow = written.indexOf('->');
    if (!r || arrow < 0) continue;
    for (const [old, start] of [[edge.from, 0], [edge.to, arrow]] as const) {
      const id = names.get(old);
      const at = written.indexOf(old, start);
      if (id !== undefined && id !== old && at >= 0) edits.push({ from: r.from + at, to: r.from + at + old.length, text: id });
    }
  }
  for (const m of mentions(text)) {
    const id = names.get(m.id);
    if (id !== undefined && id !== m.id) edits.push({ from: m.from, to: m.to, text: id });
  }
  const view = isRecord(flow.value.view) ? flow.value.view : {};
  for (const key of ['nodes', 'positions']) {
    if (!isRecord(view[key])) continue;
    for (const old of Object.keys(view[key])) {
      const id = names.get(old);
      const pair = id === undefined ? null : spot(s, ['view', key, old])?.pair;
      const from = pair?.key.range?.[0];
      const to = pair?.key.range?.[1];
      if (id !== undefined && from !== undefined && to !== undefined) edits.push({ from, to, text: text[from] === '"' ? JSON.stringify(id) : id });
    }
  }
  flow.frames.forEach((f, i) => f.nodes.forEach((n, j) => put(['view', 'frames', i, 'nodes', j], n)));
  return edits.sort((a, b) => a.from - b.from);
}

/** Sets something of a node: setNode(text, id, ['retry', 'max_attempts'], 3). What is undefined is taken away. */
export function setNode(text: string, id: string, path: Path, value: unknown): TextEdit[] {
  const at = parse(text).flow.pathOf(id);
  if (!at) return [];
  const whole: Path = [...at, ...path];
  if (value === undefined) {
    if (!spot(read(text), whole)) return [];
    // A map that would be left empty goes as well.
    const holder = path.length > 1 ? spot(read(text), whole.slice(0, -1))?.node : undefined;
    const alone = holder && 'items' in holder && Array.isArray(holder.items) && holder.items.length === 1 && typeof path.at(-1) === 'string';
    return alone ? setNode(text, id, path.slice(0, -1), undefined) : change(text, [{ do: 'remove', path: whole }]);
  }
  return change(text, [{ do: 'set', path: whole, value, behind: path.length === 1 ? upTo(nodeKeys, String(path[0])) : undefined }]);
}

/** Sets a param of a node, or a part of one. */
export const setParam = (text: string, id: string, path: Path, value: unknown): TextEdit[] => {
  const { flow } = parse(text);
  const node = flow.byId.get(id);
  if (!node || value === undefined || isRecord(node.raw.params)) return setNode(text, id, ['params', ...path], value);
  return setNode(text, id, ['params'], nested(path, value));
};

const nested = (path: Path, value: unknown): unknown => path.reduceRight<unknown>((v, k) => (typeof k === 'number' ? [v] : { [k]: v }), value);

export const setTitle = (text: string, id: string, title: string): TextEdit[] => setNode(text, id, ['title'], title || undefined);

/** Writes where nodes stand on the canvas. */
export function moveNodes(text: string, places: Record<string, At>): TextEdit[] {
  const all = Object.entries(places).map(([id, at]) => [id, whole(at)] as const);
  if (!all.length) return [];
  const view = (read(text).value as { view?: unknown } | null)?.view;
  const key = isRecord(view) && view.nodes === undefined && isRecord(view.positions) ? 'positions' : 'nodes';
  const kept = isRecord(view) && isRecord(view[key]) ? view[key] : {};
  const moved = all.filter(([id, at]) => {
    const old = kept[id];
    return !isRecord(old) || old.x !== at.x || old.y !== at.y;
  });
  if (!moved.length) return [];
  const fresh = moved.some(([id]) => !(id in kept));
  if (!Object.keys(kept).length || (moved.length > 20 && fresh)) return change(text, [{ do: 'set', path: ['view', key], value: { ...kept, ...Object.fromEntries(all) } }]);
  if (!fresh) return change(text, moved.map(([id, at]): Change => ({ do: 'set', path: ['view', key, id], value: at })));
  return chain(text, ...moved.map(([id, at]) => (t: string) => change(t, [{ do: 'set', path: ['view', key, id], value: at }])));
}

/** The ports on which a chain goes on, rather than into something of the node's own. */
const onwards = (port: string) => samePort(port, 'next') || port === 'done';

/** Swaps a node with the one before it in its chain; port is the one on which the chain goes on from the node. */
export function moveUp(text: string, id: string, port = 'next'): TextEdit[] {
  const { flow } = parse(text);
  const into = flow.edges.filter((e) => e.to === id);
  const first = into.length === 1 ? into[0] : undefined;
  const out = flow.edges.find((e) => e.from === id && onwards(e.port));
  if (!first || !onwards(first.port) || out?.to === first.from) return [];
  const before = first.from;
  const swap = (e: FlowEdge): FlowEdge => {
    if (e === first) return { from: id, port: out?.port ?? port, to: before };
    if (e === out) return { from: before, port: first.port, to: e.to };
    return e.to === before ? { ...e, to: id } : e;
  };
  return chain(
    text,
    (t) => change(t, edgesOf(t).flatMap(({ edge, index }): Change[] => {
      const own = flow.edges.find((e) => sameEdge(e, edge));
      const next = own && swap(own);
      return !next || next === own ? [] : [{ do: 'set', path: ['edges', index], value: edgeText(next) }];
    })),
    (t) => setStart(t, flow.start === before ? id : flow.start),
    (t) => {
      const a = flow.positions.get(before);
      const b = flow.positions.get(id);
      return a && b ? moveNodes(t, { [id]: a, [before]: b }) : [];
    },
  );
}
