import { isMap, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';

import { apply, compose } from './edits';
import { begin, colonEnd, contentEnd, dash, isFlow, keyOf, lineEnd, lineStart, read, spot, withComments, type Path, type Source, type TextEdit } from './source';
import { behind, block, inline, item, key as name } from './write';

/** One change of what a flow file says. All changes of an operation speak of the file as it was before. */
export type Change =
  | { do: 'set'; path: Path; value: unknown; /** The keys that stand before a new one. */ behind?: readonly string[] }
  | { do: 'remove'; path: Path }
  | { do: 'insert'; path: Path; at: number; values: unknown[]; /** How they are written, as elements of a list without indentation. */ written?: string[] };

/** Gives the edits that make the changes and leave every other byte as it is. */
export function change(text: string, changes: Change[]): TextEdit[] {
  if (!changes.length) return [];
  const s = read(text);
  const wanted = changed(s.value, changes);
  try {
    const edits = changes.flatMap((c) => edit(s, c)).sort((a, b) => a.from - b.from || a.to - b.to);
    if (edits.every((e, i) => i === 0 || (edits[i - 1]?.to ?? 0) <= e.from) && means(apply(text, edits), wanted)) return edits;
  } catch {
    // What cannot be written in its place is written with what holds it.
  }
  if (changes.length > 1) return oneByOne(text, changes);
  return wider(s, changes[0] as Change);
}

const means = (text: string, wanted: unknown): boolean => {
  const s = read(text);
  return !s.wrong && same(s.value, wanted);
};

/** Makes the changes one after the other, from the last place to the first, so that places of lists stay true. */
function oneByOne(text: string, changes: Change[]): TextEdit[] {
  let now = text;
  let all: TextEdit[] = [];
  for (const c of ordered(changes)) {
    const next = change(now, [c]);
    all = compose(text, all, now, next);
    now = apply(now, next);
  }
  return all;
}

/** Writes what holds the place anew, the smallest first, and the whole file at the worst. */
function wider(s: Source, c: Change): TextEdit[] {
  const wanted = changed(s.value, [c]);
  for (let n = c.path.length - (c.do === 'insert' ? 0 : 1); n > 0; n--) {
    const path = c.path.slice(0, n);
    if (!spot(s, path)) continue;
    try {
      const edits = edit(s, { do: 'set', path, value: valueAt(wanted, path) });
      if (means(apply(s.text, edits), wanted)) return edits;
    } catch {
      // The next one holds more.
    }
  }
  return [{ from: 0, to: s.text.length, text: s.json ? `${JSON.stringify(wanted, null, 2)}\n` : `${block(wanted, 0)}\n` }];
}

/** What a change means for the values. */
export function changed(value: unknown, changes: Change[]): unknown {
  let out: unknown = structuredClone(value ?? {});
  for (const c of ordered(changes)) {
    if (c.do === 'insert') {
      const list = valueAt(out, c.path);
      if (Array.isArray(list)) list.splice(c.at, 0, ...structuredClone(c.values));
      else out = put(out, c.path, structuredClone(c.values));
    } else if (c.do === 'remove') {
      const holder = valueAt(out, c.path.slice(0, -1));
      const last = c.path.at(-1);
      if (Array.isArray(holder)) holder.splice(Number(last), 1);
      else if (isRecord(holder)) Reflect.deleteProperty(holder, String(last));
    } else out = put(out, c.path, structuredClone(c.value));
  }
  return out;
}

/** Values are set first, then elements of lists come and go, the last one first. */
function ordered(changes: Change[]): Change[] {
  const place = (c: Change) => (c.do === 'insert' ? c.at : Number(c.path.at(-1)) || 0);
  const kind = (c: Change) => (c.do === 'set' ? 0 : 1);
  return [...changes].sort((a, b) => kind(a) - kind(b) || (kind(a) ? place(b) - place(a) || (a.do === 'insert' ? 1 : -1) : 0));
}

function put(root: unknown, path: Path, value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (Array.isArray(root)) {
    root[Number(first)] = put(root[Number(first)], rest, value);
    return root;
  }
  const m = isRecord(root) ? root : {};
  m[String(first)] = put(m[String(first)], rest, value);
  return m;
}

export const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

export function valueAt(v: unknown, path: Path): unknown {
  for (const step of path) v = Array.isArray(v) ? v[Number(step)] : isRecord(v) ? v[String(step)] : undefined;
  return v;
}

export function same(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((e, i) => same(e, b[i]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => k in b && same(a[k], b[k]));
}

function edit(s: Source, c: Change): TextEdit[] {
  if (c.do === 'set') return set(s, c);
  if (c.do === 'insert') return insert(s, c);
  return remove(s, c.path);
}

function set(s: Source, c: { path: Path; value: unknown; behind?: readonly string[] }): TextEdit[] {
  const at = spot(s, c.path);
  if (at) return replace(s, at.node, at.pair, at.parent, c.value);
  const above = c.path.slice(0, -1);
  const key = String(c.path.at(-1));
  const holder = spot(s, above);
  if (!holder) return set(s, { path: above, value: { [key]: c.value } });
  if (!isMap<Node, Node | null>(holder.node) || (holder.node.items.length === 0 && !s.json)) {
    return above.length ? replace(s, holder.node, holder.pair, holder.parent, { [key]: c.value }) : [{ from: 0, to: s.text.length, text: `${block({ [key]: c.value }, 0)}\n` }];
  }
  return addPair(s, holder.node, key, c.value, c.behind ?? []);
}

function replace(s: Source, node: Node | null, pair: Pair<Node, Node | null> | null, parent: unknown, value: unknown): TextEdit[] {
  if (isFlow(parent) || s.json) {
    if (!node) throw new Error('nothing stands there');
    return [{ from: begin(node), to: contentEnd(s.text, node), text: s.json ? pretty(s, begin(node), value) : inline(value) }];
  }
  if (pair) {
    const colon = colonEnd(s.text, pair);
    const indent = column(s.text, begin(pair.key));
    const text = behind(value, indent, String(keyOf(pair)));
    const empty = !node || node.range?.[0] === node.range?.[1];
    const from = !empty && !text.startsWith('\n') && sameLine(s.text, colon, begin(node)) ? begin(node) : colon;
    return [closed(s, { from, to: empty ? colon : contentEnd(s.text, node), text: from === colon ? text : text.slice(1) })];
  }
  if (!node) throw new Error('nothing stands there');
  const text = item(value, column(s.text, dash(s.text, begin(node))));
  return [closed(s, { from: begin(node), to: contentEnd(s.text, node), text })];
}

/** A text on lines of its own takes its line break along; what is written for it does not. */
function closed(s: Source, e: TextEdit): TextEdit {
  return e.to > e.from && s.text[e.to - 1] === '\n' ? { ...e, text: `${e.text}\n` } : e;
}

const sameLine = (text: string, a: number, b: number) => !text.slice(a, b).includes('\n');
const column = (text: string, at: number) => at - lineStart(text, at);

/** JSON as the rest of the file is laid out. */
function pretty(s: Source, at: number, value: unknown): string {
  if (!s.text.includes('\n')) return inline(value, true);
  const line = s.text.slice(lineStart(s.text, at));
  const pad = /^[ \t]*/.exec(line)?.[0] ?? '';
  const small = isRecord(value) && Object.keys(value).length <= 4 && Object.values(value).every((e) => typeof e === 'number');
  if (small || typeof value !== 'object') return inline(value, true);
  return JSON.stringify(value, null, unit(s.text)).replaceAll('\n', `\n${pad}`);
}

const unit = (text: string): string => /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';

function addPair(s: Source, map: YAMLMap<Node, Node | null>, key: string, value: unknown, before: readonly string[]): TextEdit[] {
  const after = map.items.findLastIndex((p) => before.length === 0 || before.includes(String(keyOf(p))));
  const prev = map.items[after < 0 ? map.items.length - 1 : after];
  if (isFlow(map)) {
    const written = (at: number) => `${s.json ? JSON.stringify(key) : name(key)}: ${s.json ? pretty(s, at, value) : inline(value)}`;
    if (!prev) return [within(s, map, (pad) => `${s.json ? JSON.stringify(key) : name(key)}: ${s.json ? JSON.stringify(value, null, unit(s.text)).replaceAll('\n', `\n${pad}`) : inline(value)}`)];
    const end = prev.value ? contentEnd(s.text, prev.value) : (prev.key.range?.[1] ?? 0);
    return [{ from: end, to: end, text: `,${gap(s.text, begin(prev.key))}${written(begin(prev.key))}` }];
  }
  if (!prev) throw new Error('an empty map has no lines');
  const indent = column(s.text, begin(map.items[0]?.key as Node));
  const line = `${' '.repeat(indent)}${name(key)}:${behind(value, indent, key)}`;
  const end = prev.value ? contentEnd(s.text, prev.value) || colonEnd(s.text, prev) : colonEnd(s.text, prev);
  return [below(s.text, end, line)];
}

/** Puts lines below the line on which something ends. */
function below(text: string, end: number, lines: string): TextEdit {
  const at = lineEnd(text, end);
  return { from: at, to: at, text: `\n${lines}${at === text.length ? '\n' : ''}` };
}

/** What stands between an element within brackets and the comma before it. */
function gap(text: string, at: number): string {
  const pad = text.slice(lineStart(text, at), at);
  return /^[ \t]*$/.test(pad) ? `\n${pad}` : ' ';
}

/** Fills brackets that hold nothing. */
function within(s: Source, n: Node, write: (pad: string) => string): TextEdit {
  const from = begin(n) + 1;
  const to = contentEnd(s.text, n) - 1;
  if (!s.json || !s.text.includes('\n')) return { from, to, text: write('') };
  const pad = /^[ \t]*/.exec(s.text.slice(lineStart(s.text, from)))?.[0] ?? '';
  const inner = pad + unit(s.text);
  return { from, to, text: `\n${inner}${write(inner)}\n${pad}` };
}

function insert(s: Source, c: { path: Path; at: number; values: unknown[]; written?: string[] }): TextEdit[] {
  const here = spot(s, c.path);
  if (!here || !isSeq<Node | null>(here.node) || (here.node.items.length === 0 && !s.json)) return set(s, { path: c.path, value: c.values });
  const list = here.node;
  if (isFlow(list)) {
    const one = (v: unknown, pad: string) => (s.json && s.text.includes('\n') ? JSON.stringify(v, null, unit(s.text)).replaceAll('\n', `\n${pad}`) : inline(v, s.json));
    if (!list.items.length) return [within(s, list, (pad) => c.values.map((v) => one(v, pad)).join(`,${pad ? `\n${pad}` : ' '}`))];
    const near = list.items[Math.min(c.at, list.items.length - 1)] as Node;
    const between = gap(s.text, begin(near));
    const pad = between.replace('\n', '');
    const all = c.values.map((v) => one(v, pad === ' ' ? '' : pad)).join(`,${between}`);
    if (c.at < list.items.length) return [{ from: begin(near), to: begin(near), text: `${all},${between}` }];
    const end = contentEnd(s.text, near);
    return [{ from: end, to: end, text: `,${between}${all}` }];
  }
  const first = list.items.find((e): e is Node => !!e);
  if (!first) throw new Error('a list of nothing has no places');
  const indent = column(s.text, dash(s.text, begin(first)));
  const pad = ' '.repeat(indent);
  const lines = c.values.map((v, i) => (c.written?.[i] ? indented(c.written[i], pad) : `${pad}- ${item(v, indent)}`)).join('\n');
  const next = list.items[c.at];
  if (next) {
    const at = withComments(s.text, dash(s.text, begin(next)));
    if (lineStart(s.text, at) !== at || /\S/.test(s.text.slice(lineStart(s.text, dash(s.text, begin(next))), dash(s.text, begin(next))))) throw new Error('the list begins within a line');
    return [{ from: at, to: at, text: `${lines}\n` }];
  }
  return [below(s.text, contentEnd(s.text, list), lines)];
}

const indented = (text: string, pad: string) => text.split('\n').map((l) => (l ? pad + l : l)).join('\n');

function remove(s: Source, path: Path): TextEdit[] {
  const at = spot(s, path);
  if (!at?.parent) return [];
  if (isFlow(at.parent)) return [withoutComma(s, at.parent, at.index)];
  if (at.parent.items.length === 1) throw new Error('a map or list on lines cannot be empty');
  const start = at.pair ? begin(at.pair.key) : dash(s.text, begin(at.node as Node));
  const end = at.pair && (!at.node || at.node.range?.[0] === at.node.range?.[1]) ? colonEnd(s.text, at.pair) : contentEnd(s.text, at.node);
  if (/\S/.test(s.text.slice(lineStart(s.text, start), start))) {
    // The first one stands behind the dash of a list: the next one takes its place.
    const next = at.parent.items[at.index + 1] as Pair<Node, Node | null> | undefined;
    if (!at.pair || !next) throw new Error('the line belongs to what holds it');
    return [{ from: start, to: begin(next.key), text: '' }];
  }
  const from = withComments(s.text, start);
  const to = lineEnd(s.text, end);
  return to < s.text.length ? [{ from, to: to + 1, text: '' }] : [{ from: Math.max(0, from - 1), to, text: '' }];
}

function withoutComma(s: Source, list: YAMLMap<Node, Node | null> | YAMLSeq<Node | null>, index: number): TextEdit {
  const ends = (i: number): { from: number; to: number } => {
    const e = list.items[i];
    if (isMap(list)) {
      const p = e as Pair<Node, Node | null>;
      return { from: begin(p.key), to: p.value ? contentEnd(s.text, p.value) : (p.key.range?.[1] ?? 0) };
    }
    return { from: begin(e as Node), to: contentEnd(s.text, e as Node) };
  };
  const own = ends(index);
  if (index > 0) return { from: ends(index - 1).to, to: own.to, text: '' };
  if (list.items.length > 1) return { from: own.from, to: ends(1).from, text: '' };
  return { from: begin(list) + 1, to: contentEnd(s.text, list) - 1, text: '' };
}
