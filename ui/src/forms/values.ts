import type { Schemas } from '../api/client';

export type Field = Schemas['CatalogField'];
export type Peek = Schemas['Peek'];
export type Answer = Schemas['Answer'];
export type Path = (string | number)[];

export const isExpression = (v: unknown): v is string => typeof v === 'string' && v.includes('{{');
export const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Whether a field is shown, given the values beside it: its rule names another field, and what that must be. */
export function shown(field: Field, fields: readonly Field[], values: Record<string, unknown>): boolean {
  if (!field.when || (field.name && values[field.name] !== undefined)) return true;
  const [name = '', want] = field.when.split('=', 2);
  const other = fields.find((f) => f.name === name);
  const is = values[name] ?? other?.default;
  if (isExpression(is)) return true; // it may be
  if (want === undefined) return is !== undefined && is !== null && is !== '' && is !== false;
  return want.split('|').includes(String(is ?? (other?.kind === 'bool' ? false : '')));
}

/** An expression that gives a value that was written plainly. */
export function asExpression(v: unknown): string {
  if (v === undefined || v === null || v === '') return '{{  }}';
  if (typeof v === 'string') return v.includes('{{') ? v : `{{ ${JSON.stringify(v)} }}`;
  return `{{ ${JSON.stringify(v)} }}`;
}

/** How an expression names a place in what it can see: nodes.fetch.rows[0]["first name"]. */
export function refOf(path: Path): string {
  return path.map((p, i) => (typeof p === 'number' ? `[${p}]` : /^[A-Za-z_]\w*$/.test(p) ? (i ? `.${p}` : p) : `[${JSON.stringify(p)}]`)).join('');
}

/** Puts a reference into a text in the place of what is chosen there: with braces, unless it stands between some already. */
export function insertRef(text: string, ref: string, from = text.length, to = from): { text: string; caret: number } {
  const before = text.slice(0, from);
  const after = text.slice(to);
  if (/^\{\{\s*\}\}$/.test(text.trim())) {
    const whole = `{{ ${ref} }}`;
    return { text: whole, caret: whole.length - 3 };
  }
  const inside = before.lastIndexOf('{{') > before.lastIndexOf('}}') && /^[^{]*\}\}/.test(after);
  const put = inside ? ref : `{{ ${ref} }}`;
  return { text: before + put + after, caret: from + put.length };
}

/** All texts with expressions in a value. */
export function textsOf(v: unknown, into: Set<string> = new Set()): Set<string> {
  if (isExpression(v)) into.add(v);
  else if (Array.isArray(v)) for (const e of v) textsOf(e, into);
  else if (isRecord(v)) for (const e of Object.values(v)) textsOf(e, into);
  return into;
}

/** The value at a path. */
export function at(v: unknown, path: Path): unknown {
  return path.reduce<unknown>((x, k) => (Array.isArray(x) ? (x as unknown[])[Number(k)] : isRecord(x) ? x[k] : undefined), v);
}

/** A copy of a value with another one at a path; undefined takes it away. */
export function put(v: unknown, path: Path, to: unknown): unknown {
  const [k, ...rest] = path;
  if (k === undefined) return to;
  if (typeof k === 'number') {
    const list = Array.isArray(v) ? [...(v as unknown[])] : [];
    if (to === undefined && !rest.length) list.splice(k, 1);
    else list[k] = put(list[k], rest, to);
    return list;
  }
  const map = isRecord(v) ? { ...v } : {};
  const next = put(map[k], rest, to);
  if (next === undefined) return Object.fromEntries(Object.entries(map).filter(([name]) => name !== k));
  map[k] = next;
  return map;
}

/**
 * The path to write at, and what to write there, so that a value gets another at a path: as deep as the value has what
 * stands around it.
 */
export function writeAt(v: unknown, path: Path, to: unknown): { path: Path; value: unknown } {
  for (let n = 1; n < path.length; n++) {
    const holder = at(v, path.slice(0, n));
    const key = path[n];
    const fits = typeof key === 'number' ? Array.isArray(holder) && key <= holder.length : isRecord(holder);
    if (!fits) return { path: path.slice(0, n), value: put(undefined, path.slice(n), to) };
  }
  return { path, value: to };
}

/** The beginning of what a value is, on one line. */
export function line(p: Peek | undefined, most = 120): string {
  if (!p) return '';
  if (p.stored) return `large ${p.type === 'lines' ? `list of ${p.count ?? 0}` : p.type}`;
  if (p.type === 'list') return cut(`[${(p.items ?? []).map((i) => line(i, 30)).join(', ')}${p.cut ? ', …' : ''}]`, most);
  if (p.type === 'map') return cut(`{${(p.fields ?? []).map((f) => `${f.name}: ${line(f.value, 30)}`).join(', ')}${p.cut ? ', …' : ''}}`, most);
  if (p.type === 'string') return cut(JSON.stringify(p.value ?? ''), most);
  return cut(String(p.value ?? 'null'), most);
}

const cut = (s: string, most: number) => (s.length > most ? `${s.slice(0, most - 1)}…` : s);

/** What a type is called, with how much there is of it. */
export function kindOf(p: Peek): string {
  const n = p.count ?? 0;
  switch (p.type) {
    case 'list':
    case 'lines':
      return n === 1 ? '1 item' : `${n} items`;
    case 'map':
      return n === 1 ? '1 field' : `${n} fields`;
    case 'string':
    case 'text':
      return p.cut ? `text, ${n} characters` : 'text';
    case 'int':
    case 'float':
      return 'number';
    case 'bool':
      return 'yes/no';
    case 'null':
      return 'nothing';
  }
  return p.type;
}

/** A value as it was cut for showing, as a value again; nothing if something of it is missing. */
export function whole(p: Peek | undefined): { value: unknown } | null {
  if (!p || p.cut || p.stored) return null;
  if (p.type === 'list' || p.type === 'map') {
    const entries: [string, unknown][] = [];
    for (const f of p.type === 'map' ? (p.fields ?? []) : (p.items ?? []).map((value, i) => ({ name: String(i), value }))) {
      const v = whole(f.value);
      if (!v) return null;
      entries.push([f.name, v.value]);
    }
    return { value: p.type === 'map' ? Object.fromEntries(entries) : entries.map((e) => e[1]) };
  }
  return { value: p.value ?? null };
}

/** A duration such as 1m30s, or what is wrong with it. */
export function durationProblem(text: string): string | undefined {
  if (!text || isExpression(text) || /^\d+(\.\d+)?$/.test(text) || /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  return 'Write a time such as 30s, 1m30s or 2h.';
}
