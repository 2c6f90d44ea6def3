import { isMap, isPair, isScalar, isSeq, parseDocument, visit, type Node, type Pair } from 'yaml';

import type { Path } from '../source';

/** What stands at a place of a flow's text, finished or not. */
export interface Where {
  /** key: the name of an entry of the map at path; value: what path holds; expression: within {{ }}. */
  kind: 'key' | 'value' | 'expression';
  path: Path;
  /** The word before the place, and where it begins. */
  word: string;
  from: number;
  /** The values of the file, as far as they can be read. */
  value: unknown;
  /** Whether a key has its colon already. */
  colon: boolean;
}

const mark = 'here_7c1e';

/** Finds out what stands at a place, for completion: the word there is replaced by one that is known, and looked for. */
export function where(text: string, at: number): Where | null {
  const before = text.slice(0, at);
  const open = before.lastIndexOf('{{');
  const inside = open >= 0 && open > before.lastIndexOf('}}') && !/\n\s*\n/.test(before.slice(open));
  const word = /[\w.-]*$/.exec(before)?.[0] ?? '';
  const plain = inside ? (/[\w.#$]*$/.exec(before)?.[0] ?? '') : word;
  const from = at - plain.length;
  const rest = text.slice(at).replace(/^[\w.-]*/, '');
  const line = text.slice(text.lastIndexOf('\n', from - 1) + 1, from);
  const colon = /^["']?\s*:/.test(rest);
  const json = text.trimStart().startsWith('{');
  const quoted = /["']$/.test(line) && !inside;
  if (inside) {
    // What the expression is in is told by the text without it.
    const end = /\}\}/.exec(text.slice(at));
    const close = end && !text.slice(at, at + end.index).includes('\n') ? at + end.index + 2 : at;
    const [head, tail] = [text.slice(0, open) + mark, text.slice(close)];
    const looks = [tail, `'${tail}`, `"${tail}`].map((t) => look(head + t)).filter((l) => l !== null);
    const found = looks.find((l) => !l.wrong) ?? looks[0];
    return found ? { kind: 'expression', path: found.path, word: plain, from, value: found.value, colon: false } : null;
  }
  const keyish = /^\s*(?:-\s+)*["']?$/.test(line) || /[{,]\s*["']?$/.test(line);
  const tries: string[] = [];
  const head = text.slice(0, from);
  if (keyish && !colon) tries.push(quoted ? head + mark + closing(line, rest) + ': 0' + rest.replace(/^["']/, '') : head + (json ? `"${mark}"` : mark) + ': 0' + rest);
  if (colon) tries.push(head + mark + rest);
  tries.push(quoted ? head + mark + closing(line, rest) + rest.replace(/^["']/, '') : head + (json && !quoted ? `"${mark}"` : mark) + rest);
  let best: Where | null = null;
  for (const t of tries) {
    const found = look(t);
    if (!found) continue;
    const w: Where = { kind: found.key ? 'key' : 'value', path: found.path, word: plain, from, value: found.value, colon };
    if (!found.wrong) return w;
    best ??= w;
  }
  return best;
}

const closing = (line: string, rest: string) => (/^["']/.test(rest) ? (rest[0] ?? '') : (line.at(-1) ?? ''));

function look(text: string): { key: boolean; path: Path; value: unknown; wrong: boolean } | null {
  const doc = parseDocument(text, { prettyErrors: false, logLevel: 'silent', uniqueKeys: false });
  let out: { key: boolean; path: Path } | null = null;
  visit(doc, {
    Scalar(key, node, ancestors) {
      if (typeof node.value !== 'string' || !node.value.includes(mark)) return;
      out = { key: key === 'key', path: pathOf(ancestors as readonly (Node | Pair)[], node, key) };
      return visit.BREAK;
    },
  });
  if (!out) return null;
  const found: { key: boolean; path: Path } = out;
  let value: unknown = null;
  try {
    value = doc.toJS({ maxAliasCount: 100 });
  } catch {
    // An alias that cannot be followed: nothing is known of the rest.
  }
  return { ...found, value, wrong: doc.errors.length > 0 };
}

function pathOf(above: readonly (Node | Pair)[], node: Node, key: unknown): Path {
  const path: Path = [];
  above.forEach((a, i) => {
    const next = above[i + 1] ?? node;
    if (isPair(a)) {
      if (key === 'key' && next === node) return;
      path.push(isScalar(a.key) ? String(a.key.value) : '');
    } else if (isSeq(a)) path.push(a.items.indexOf(next));
  });
  return path;
}

/** What is written at a place of a text that can be read: a key or a value, with its path and its word. */
export function wordAt(text: string, at: number): { key: boolean; path: Path; from: number; to: number; text: string } | null {
  const doc = parseDocument(text, { prettyErrors: false, logLevel: 'silent', uniqueKeys: false });
  let node = doc.contents as Node | null;
  const path: Path = [];
  const within = (n: Node | null | undefined): n is Node => !!n?.range && at >= n.range[0] && at <= n.range[1];
  for (;;) {
    if (isMap<Node, Node | null>(node)) {
      const pair = node.items.find((p) => within(p.key) || within(p.value));
      if (!pair || !isScalar(pair.key)) return null;
      const name = String(pair.key.value);
      if (within(pair.key) && pair.key.range) return { key: true, path: [...path, name], from: pair.key.range[0], to: pair.key.range[1], text: name };
      path.push(name);
      node = pair.value;
    } else if (isSeq<Node | null>(node)) {
      const i = node.items.findIndex((n) => within(n));
      if (i < 0) return null;
      path.push(i);
      node = node.items[i] ?? null;
    } else if (isScalar(node) && node.range) {
      return { key: false, path, from: node.range[0], to: node.range[1], text: String(node.value) };
    } else return null;
  }
}
