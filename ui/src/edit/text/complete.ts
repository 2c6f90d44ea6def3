import { isRecord } from '../change';
import { ids, keysAt, types, valuesAt, type Catalog, type Field, type Word } from './words';
import { where, type Where } from './where';

/** One thing that can be written at a place. */
export interface Offer extends Word {
  /** What is written for it. */
  apply: string;
  kind: 'key' | 'type' | 'value' | 'node' | 'port' | 'function' | 'root' | 'field';
}
export interface Offers {
  from: number;
  offers: Offer[];
}

/** What can be written at a place of a flow's text. */
export function complete(c: Catalog, text: string, at: number, asked: boolean): Offers | null {
  const edge = edgeAt(c, text, at);
  if (edge) return edge;
  const w = where(text, at);
  if (!w) return null;
  if (w.kind === 'expression') return expression(c, w);
  if (!w.word && !asked && w.kind === 'value') return null;
  if (w.kind === 'key') {
    const there = mapAt(w.value, w.path);
    const offers = keysAt(c, w.value, w.path)
      .filter((k) => !(k.name in there) || k.name === w.word)
      .map((k): Offer => ({ ...k, kind: 'key', apply: key(text, w, k.name) }));
    return offers.length ? { from: w.from, offers: offers.sort((a, b) => Number(b.required ?? false) - Number(a.required ?? false)) } : null;
  }
  const kind = w.path[0] === 'nodes' && w.path[2] === 'type' ? 'type' : w.path[0] === 'start' ? 'node' : 'value';
  const offers = valuesAt(c, w.value, w.path).map((v): Offer => ({ ...v, kind, apply: value(text, w, v.name) }));
  return offers.length ? { from: w.from, offers } : null;
}

function key(text: string, w: Where, name: string): string {
  if (w.colon) return name;
  const quote = text[w.from - 1];
  const json = text.trimStart().startsWith('{');
  if (quote === '"' || quote === "'") return `${name}${text[w.from + w.word.length] === quote ? '' : quote}`;
  return json ? `"${name}": ` : `${name}: `;
}

function value(text: string, w: Where, name: string): string {
  const quote = text[w.from - 1];
  if (quote === '"' || quote === "'") return `${name}${text[w.from + w.word.length] === quote ? '' : quote}`;
  return text.trimStart().startsWith('{') && !/^(?:true|false)$/.test(name) ? `"${name}"` : name;
}

function mapAt(v: unknown, path: readonly (string | number)[]): Record<string, unknown> {
  let at: unknown = v;
  for (const s of path) at = isRecord(at) ? at[s] : Array.isArray(at) ? (at as unknown[])[Number(s)] : undefined;
  return isRecord(at) ? at : {};
}

/** Within a wire: nodes, and the ports of the node before the dot. */
function edgeAt(c: Catalog, text: string, at: number): Offers | null {
  const begin = text.lastIndexOf('\n', at - 1) + 1;
  const line = text.slice(begin, at);
  const m = /(?:^\s*-\s+|[[,]\s*)["']?((?:\w+(?:\.[\w-]*)?\s*(?:->\s*)?)?\w*)$/.exec(line) ?? (/^\s*["']((?:\w+(?:\.[\w-]*)?\s*(?:->\s*)?)?\w*)$/.exec(line) || null);
  if (!m) return null;
  const w = where(text, at);
  if (w?.path[0] !== 'edges' || w.path.length !== 2) return null;
  const part = m[1] ?? '';
  const nodes = ids(w.value);
  const port = /^(\w+)\.([\w-]*)$/.exec(part);
  if (port) {
    const n = nodes.find((x) => x.id === port[1]);
    const t = n && types(c).get(n.type);
    const offers = (t?.ports ?? []).map((p): Offer => ({ name: p.name, doc: p.doc ?? '', kind: 'port', apply: `${p.name} -> ` }));
    return offers.length ? { from: at - (port[2] ?? '').length, offers } : null;
  }
  const to = /->\s*(\w*)$/.exec(part);
  const word = to ? (to[1] ?? '') : (/^\w*$/.exec(part)?.[0] ?? null);
  if (word === null) return null;
  const offers = nodes.map((n): Offer => ({ name: n.id, doc: n.title, detail: n.type, kind: 'node', apply: to ? n.id : n.id + onward(c, n.type) }));
  return offers.length ? { from: at - word.length, offers } : null;
}

/** What is written behind the node that a wire comes from. */
function onward(c: Catalog, type: string): string {
  const ports = types(c).get(type)?.ports ?? [];
  return ports.some((p) => p.name === 'next') || !ports.length ? ' -> ' : '.';
}

function expression(c: Catalog, w: Where): Offers | null {
  const parts = w.word.split('.');
  const last = parts.pop() ?? '';
  const from = w.from + w.word.length - last.length;
  const self = w.path[0] === 'nodes' && typeof w.path[1] === 'number' ? ids(w.value)[w.path[1]]?.id : undefined;
  const fields = (list: readonly Field[] | null | undefined): Offer[] => (list ?? []).map((f) => ({ name: f.name ?? '', doc: f.doc ?? '', detail: f.kind, kind: 'field', apply: f.name ?? '' }));
  const names = (o: unknown): Offer[] => Object.keys(isRecord(o) ? o : {}).map((name) => ({ name, doc: '', kind: 'field', apply: name }));
  const root = isRecord(w.value) ? w.value : {};
  const nodes = ids(w.value);
  let offers: Offer[] = [];
  if (!parts.length) {
    offers = [
      ...c.roots.map((r): Offer => ({ name: r.name, doc: r.doc, kind: 'root', apply: r.name })),
      ...c.functions.map((f): Offer => ({ name: f.name, doc: f.doc + (f.example ? `\n${f.example} gives ${f.result ?? ''}` : ''), detail: f.signature, kind: 'function', apply: `${f.name}(` })),
    ];
  } else if (parts.length === 1) {
    const [r] = parts;
    if (r === 'nodes') offers = nodes.filter((n) => n.id !== self).map((n) => ({ name: n.id, doc: n.title, detail: n.type, kind: 'node', apply: n.id }));
    else if (r === 'inputs' || r === 'vars') offers = names(root[r]);
    else if (r === 'loops') offers = nodes.filter((n) => types(c).get(n.type)?.ports.some((p) => p.name === 'body')).map((n) => ({ name: n.id, doc: n.title, detail: n.type, kind: 'node', apply: n.id }));
    else offers = fields(c.roots.find((x) => x.name === r)?.fields);
  } else if (parts[0] === 'loops' && parts.length === 2) offers = fields(c.roots.find((x) => x.name === 'loop')?.fields);
  else if (parts[0] === 'nodes') {
    let list: readonly Field[] = types(c).get(nodes.find((n) => n.id === parts[1])?.type ?? '')?.output ?? [];
    for (const p of parts.slice(2)) {
      const f = list?.find((x) => x.name === p);
      list = f?.fields ?? f?.elem?.fields ?? [];
    }
    offers = fields(list);
  }
  return offers.length ? { from, offers } : null;
}
