import { change, isRecord, same, type Change } from './change';
import { apply } from './edits';
import { mergeLines } from './lines';
import { read, type Path } from './source';

/** One place that both sides have changed, each in its own way. */
export interface Conflict {
  /** The node that it is in, if it is in one. */
  node?: string;
  /** What it is: a param, a setting, the whole node. */
  what: string;
  /** What each side made of it; undefined is for what a side has taken away. */
  base: unknown;
  mine: unknown;
  theirs: unknown;
}

export interface Merge {
  conflicts: Conflict[];
  /** The text of theirs with my changes; of what both have changed, mine where `mine` says so. */
  text: (mine: (conflict: number) => boolean) => string;
}

type Rec = Record<string, unknown>;

/** Why a text cannot be merged. */
export class Unreadable extends Error {}

/**
 * Merges two flows that were made of one. Nodes are told apart by their ids and merged field by field, wires are a set,
 * and everything else goes by its value. What only one side has changed is taken; the rest is a conflict.
 */
export function merge(base: string, mine: string, theirs: string): Merge {
  const [b, m, t] = [valueOf(base, 'The version you began with'), valueOf(mine, 'Your text'), valueOf(theirs, 'The version that was saved meanwhile')];
  const w = new Work();
  for (const key of keys(m, t, b)) if (key !== 'nodes' && key !== 'edges') w.field([key], key, b[key], m[key], t[key]);
  w.nodes(nodesOf(b), nodesOf(m), nodesOf(t), Array.isArray(t.nodes));
  w.edges(edgesOf(b), edgesOf(m), edgesOf(t), Array.isArray(t.edges));
  const start = w.start(startOf(b), startOf(m), startOf(t));
  return {
    conflicts: w.conflicts.map((c) => c.shown),
    text: (choose) => {
      const changes = [...w.changes, ...w.conflicts.flatMap((c, i) => (choose(i) ? c.changes : []))];
      const merged = begun(written(theirs, changes), start(choose));
      // Where the lines of both fit together and say the same, comments of both sides stay.
      const lines = mergeLines(base, mine, theirs);
      if (lines === undefined || lines === merged) return merged;
      const value = read(lines);
      return !value.wrong && same(value.value, read(merged).value) ? lines : merged;
    },
  };
}

/** Makes the changes: first what stands where it stands, then what comes into lists and goes from them. */
function written(text: string, changes: Change[]): string {
  const moves = (c: Change) => c.do === 'insert' || (c.do === 'remove' && typeof c.path.at(-1) === 'number');
  const set = apply(text, change(text, changes.filter((c) => !moves(c))));
  return apply(set, change(set, changes.filter(moves)));
}

function valueOf(text: string, whose: string): Rec {
  const s = read(text);
  if (s.wrong || !isRecord(s.value)) throw new Unreadable(`${whose} cannot be read${s.wrong ? `: ${s.wrong.message}` : ''}`);
  return s.value;
}

const keys = (...maps: Rec[]): string[] => [...new Set(maps.flatMap((r) => Object.keys(r)))];

class Work {
  changes: Change[] = [];
  conflicts: { shown: Conflict; changes: Change[] }[] = [];

  /** Merges what stands at a path of theirs. */
  field(path: Path, what: string, b: unknown, m: unknown, t: unknown, node?: string): void {
    if (same(m, b) || same(m, t)) return;
    const mine: Change = m === undefined ? { do: 'remove', path } : { do: 'set', path, value: m };
    if (same(t, b)) {
      // Only what is different in a map is written, so that comments in it stay.
      if (isRecord(m) && isRecord(t)) for (const k of keys(m, t)) this.field([...path, k], `${what}.${k}`, isRecord(b) ? b[k] : undefined, m[k], t[k], node);
      else this.changes.push(mine);
      return;
    }
    if (isRecord(m) && isRecord(t)) {
      for (const k of keys(m, t, isRecord(b) ? b : {})) this.field([...path, k], `${what}.${k}`, isRecord(b) ? b[k] : undefined, m[k], t[k], node);
      return;
    }
    this.conflicts.push({ shown: { node, what, base: b, mine: m, theirs: t }, changes: [mine] });
  }

  nodes(b: Map<string, Rec>, m: Map<string, Rec>, t: Map<string, Rec>, there: boolean): void {
    const places = [...t.keys()];
    const added: { id: string; at: number; value: Rec }[] = [];
    const order = [...m.keys()];
    const put = (id: string) => {
      // Behind the node that it stands behind in mine.
      let at = places.length;
      for (let i = order.indexOf(id) - 1; i >= 0; i--) {
        const p = places.indexOf(order[i] ?? '');
        if (p >= 0) {
          at = p + 1;
          break;
        }
      }
      return { id, at, value: m.get(id) as Rec };
    };
    for (const id of new Set([...m.keys(), ...b.keys()])) {
      const [was, my, their] = [b.get(id), m.get(id), t.get(id)];
      if (my && their) {
        for (const k of keys(my, their, was ?? {})) if (k !== 'id') this.field(['nodes', places.indexOf(id), k], k, was?.[k], my[k], their[k], id);
      } else if (my && !was) added.push(put(id));
      else if (my && was && !same(my, was)) {
        const p = put(id);
        this.conflicts.push({ shown: { node: id, what: 'the node', base: was, mine: my, theirs: undefined }, changes: insert(p.at, p.value, there) });
      } else if (!my && was && their) {
        const gone: Change = { do: 'remove', path: ['nodes', places.indexOf(id)] };
        if (same(their, was)) this.changes.push(gone);
        else this.conflicts.push({ shown: { node: id, what: 'the node', base: was, mine: undefined, theirs: their }, changes: [gone] });
      }
    }
    const at = new Map<number, Rec[]>();
    for (const a of added) at.set(a.at, [...(at.get(a.at) ?? []), a.value]);
    if (!there && added.length) this.changes.push({ do: 'set', path: ['nodes'], value: added.map((a) => a.value) });
    else for (const [i, values] of at) this.changes.push({ do: 'insert', path: ['nodes'], at: i, values });
  }

  edges(b: string[], m: string[], t: string[], there: boolean): void {
    const [was, my, their] = [new Set(b), new Set(m), new Set(t)];
    const added = [...my].filter((e) => !was.has(e) && !their.has(e));
    t.forEach((e, i) => {
      if (was.has(e) && !my.has(e)) this.changes.push({ do: 'remove', path: ['edges', i] });
    });
    if (!added.length) return;
    this.changes.push(there ? { do: 'insert', path: ['edges'], at: t.length, values: added } : { do: 'set', path: ['edges'], value: added });
  }

  /** Where a run begins, be it said or because a node is the first. */
  start(b: string, m: string, t: string): (mine: (conflict: number) => boolean) => string {
    if (m === b || m === t) return () => t;
    if (t === b) return () => m;
    const known = this.conflicts.findIndex((c) => !c.shown.node && c.shown.what === 'start');
    const i = known >= 0 ? known : this.conflicts.push({ shown: { what: 'where a run begins', base: b, mine: m, theirs: t }, changes: [] }) - 1;
    return (choose) => (choose(i) ? m : t);
  }
}

/** Says where a run begins if that is not so by itself. */
function begun(text: string, start: string): string {
  const v = read(text).value;
  if (!isRecord(v) || startOf(v) === start || !nodesOf(v).has(start)) return text;
  return apply(text, change(text, [{ do: 'set', path: ['start'], value: start, behind: ['aether', 'name', 'description', 'inputs', 'outputs', 'vars', 'settings'] }]));
}

const insert = (at: number, value: Rec, there: boolean): Change[] => [there ? { do: 'insert', path: ['nodes'], at, values: [value] } : { do: 'set', path: ['nodes'], value: [value] }];

function nodesOf(v: Rec): Map<string, Rec> {
  const out = new Map<string, Rec>();
  if (!Array.isArray(v.nodes)) return out;
  v.nodes.forEach((n: unknown, i) => {
    const id = isRecord(n) && typeof n.id === 'string' ? n.id : `#${i}`;
    out.set(out.has(id) ? `${id}#${i}` : id, isRecord(n) ? n : {});
  });
  return out;
}

/** Wires as they are compared: the port next need not be written. */
function edgesOf(v: Rec): string[] {
  return (Array.isArray(v.edges) ? v.edges : []).map((e: unknown) => {
    const m = /^\s*(\w+)(?:\.([\w-]+))?\s*->\s*(\w+)\s*$/.exec(String(e));
    return m ? `${m[1]}${m[2] && m[2] !== 'next' ? `.${m[2]}` : ''} -> ${m[3]}` : String(e);
  });
}

function startOf(v: Rec): string {
  const first: unknown = Array.isArray(v.nodes) ? v.nodes[0] : undefined;
  return typeof v.start === 'string' ? v.start : isRecord(first) && typeof first.id === 'string' ? first.id : '';
}
