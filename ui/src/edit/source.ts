import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Node, type Pair, type ScalarTag, type YAMLMap, type YAMLSeq } from 'yaml';

/** A part of a text that is written anew: what stands from one place to another becomes `text`. */
export interface TextEdit {
  from: number;
  to: number;
  text: string;
}
export type Path = (string | number)[];

/** A flow file as it was parsed: its values, and the places where they stand. */
export interface Source {
  text: string;
  doc: Document;
  value: unknown;
  /** What is wrong with it as YAML or JSON; the values then may lack something. */
  wrong: { message: string; at: number } | null;
  json: boolean;
}

/** As the server reads them: 007 is a text, not a number. */
const zeros: ScalarTag = { tag: 'tag:yaml.org,2002:str', default: true, test: /^[-+]?0\d+$/, resolve: (s) => s };

const kept = new Map<string, Source>();
const keep = 6;

/** Parses a text. The last few are kept, as every operation asks for the same one several times. */
export function read(text: string): Source {
  const known = kept.get(text);
  if (known) {
    kept.delete(text);
    kept.set(text, known);
    return known;
  }
  const json = text.trimStart().startsWith('{');
  const doc = parseDocument(text, { customTags: (tags) => [zeros, ...tags], prettyErrors: false, logLevel: 'silent' });
  // Within brackets the server takes tabs for what they are.
  const bad = doc.errors.find((e) => !(json && e.code === 'TAB_AS_INDENT'));
  let value: unknown = null;
  let wrong = bad ? { message: bad.message, at: bad.pos[0] } : null;
  try {
    value = doc.toJS({ maxAliasCount: 1000 });
  } catch (e) {
    wrong ??= { message: e instanceof Error ? e.message : String(e), at: 0 };
  }
  const s = { text, doc, value, wrong, json };
  kept.set(text, s);
  for (const k of kept.keys()) {
    if (kept.size <= keep) break;
    kept.delete(k);
  }
  return s;
}

export type Collection = YAMLMap<Node, Node | null> | YAMLSeq<Node | null>;

/** The value at a path, and the collection that holds it. */
export interface Spot {
  node: Node | null;
  parent: Collection | null;
  /** The pair of a map, the place in a list. */
  pair: Pair<Node, Node | null> | null;
  index: number;
}

export const keyOf = (p: Pair<Node, Node | null>): unknown => (isScalar(p.key) ? p.key.value : undefined);

/** Follows a path; null where it leads to nothing. */
export function spot(s: Source, path: Path): Spot | null {
  let at: Spot = { node: s.doc.contents as Node | null, parent: null, pair: null, index: -1 };
  for (const step of path) {
    const here = at.node;
    if (isMap<Node, Node | null>(here)) {
      const index = here.items.findIndex((p) => String(keyOf(p)) === String(step));
      const pair = here.items[index];
      if (!pair) return null;
      at = { node: pair.value, parent: here, pair, index };
    } else if (isSeq<Node | null>(here)) {
      const index = Number(step);
      if (!(index in here.items)) return null;
      at = { node: here.items[index] ?? null, parent: here, pair: null, index };
    } else return null;
  }
  return at;
}

/** Where a value stands in the text, without the comments around it. */
export function rangeOf(s: Source, path: Path): { from: number; to: number } | null {
  const at = spot(s, path);
  if (!at) return null;
  if (!at.node) return at.pair ? { from: colonEnd(s.text, at.pair), to: colonEnd(s.text, at.pair) } : null;
  return { from: begin(at.node), to: contentEnd(s.text, at.node) };
}

export const begin = (n: Node): number => n.range?.[0] ?? 0;
export const isFlow = (n: unknown): boolean => (isMap(n) || isSeq(n)) && !!n.flow;
const isEmpty = (n: Node | null): boolean => !n || (isScalar(n) && n.range?.[0] === n.range?.[1]);

/** The place behind the colon of a pair. */
export function colonEnd(text: string, p: Pair<Node, Node | null>): number {
  const end = p.key.range?.[1] ?? 0;
  const at = text.indexOf(':', end);
  return at < 0 ? end : at + 1;
}

/** Where what a value consists of ends: comments and empty lines behind it are not its own. */
export function contentEnd(text: string, n: Node | null): number {
  if (!n) return 0;
  if (isAlias(n) || isScalar(n) || isFlow(n)) return n.range?.[1] ?? 0;
  if (isMap<Node, Node | null>(n)) {
    const last = n.items.at(-1);
    if (!last) return n.range?.[1] ?? 0;
    return isEmpty(last.value) ? colonEnd(text, last) : contentEnd(text, last.value);
  }
  if (isSeq<Node | null>(n)) {
    const full = n.items.findLast((e) => !isEmpty(e));
    return full ? contentEnd(text, full) : (n.range?.[1] ?? 0);
  }
  return n.range?.[1] ?? 0;
}

export const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;

/** The end of the line of a place, its line break not included. Behind a text on lines of its own it is that place. */
export function lineEnd(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at - 1;
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** The first line of what belongs to an element: the comments right above it are its own. */
export function withComments(text: string, at: number): number {
  let from = lineStart(text, at);
  while (from > 0) {
    const above = lineStart(text, from - 1);
    if (!/^[ \t]*#/.test(text.slice(above, from))) break;
    from = above;
  }
  return from;
}

/** The place of the dash before an element of a list on lines. */
export function dash(text: string, at: number): number {
  let i = at - 1;
  while (i > 0 && text[i] !== '-') i--;
  return i;
}
