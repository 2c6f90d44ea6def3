/** How values are written into a flow file: as blocks of YAML, and as JSON-like text within brackets. */

const plainText = /^[A-Za-z_/][A-Za-z0-9_./+()@$€%-]*(?: [A-Za-z0-9_./+()@$€%>-]+)*$/;
/** Words that some reader of YAML takes for something else than text. */
const words = /^(?:true|false|null|yes|no|on|off|y|n|nan|inf)$/i;

/** Writes one scalar so that every reader of YAML takes it for what it is. */
export function scalar(v: unknown): string {
  if (typeof v === 'string') return plainText.test(v) && !words.test(v) && v.length < 120 ? v : quoted(v);
  if (v === null || v === undefined) return 'null';
  if (typeof v === 'number' && !Number.isFinite(v)) return quoted(String(v));
  return String(v);
}

/** Writes the key of a map; no reader asks whether it may be something else than text, as long as it is a name. */
export const key = (k: string): string => (/^[A-Za-z_]\w*$/.test(k) && !/^(?:true|false|null)$/i.test(k) ? k : scalar(k));

function quoted(s: string): string {
  // Expressions hold quotes of their own: they are better read between the others.
  if (s.includes('"') && !s.includes("'") && !/[\\\p{Cc}]/u.test(s)) return `'${s}'`;
  return JSON.stringify(s).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029').replaceAll('\u0085', '\\u0085').replaceAll('\u007f', '\\u007f');
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Writes a value on one line, as it stands within brackets. */
export function inline(v: unknown, json = false): string {
  if (Array.isArray(v)) return `[${v.map((e) => inline(e, json)).join(', ')}]`;
  if (isObject(v)) {
    const all = Object.entries(v).filter(([, e]) => e !== undefined);
    return `{${all.map(([k, e]) => `${json ? JSON.stringify(k) : key(k)}: ${inline(e, json)}`).join(', ')}}`;
  }
  if (json) return JSON.stringify(v ?? null);
  const s = scalar(v);
  return /[,[\]{}]/.test(s) && !/^["']/.test(s) ? JSON.stringify(s) : s;
}

/** Whether a value is written on the line of its key. */
function short(v: unknown): boolean {
  if (Array.isArray(v)) return v.length === 0 || (v.every((e) => !Array.isArray(e) && !isObject(e) && !multiline(e)) && inline(v).length <= 60);
  if (isObject(v)) {
    const all = Object.values(v);
    return all.length === 0 || (all.length <= 4 && all.every((e) => typeof e === 'number'));
  }
  return !multiline(v);
}

/** Whether text is written on lines of its own, below a bar. */
function multiline(v: unknown): boolean {
  return typeof v === 'string' && v.includes('\n') && /^\S/.test(v) && !/[ \t]$/m.test(v) && !/[^\P{Cc}\n]|\u0085|\u2028|\u2029/u.test(v) && v.trimEnd().length > 0;
}

/** Writes what stands behind `key:` or `-`: on the same line with a space before it, or on lines of its own; wires always so. */
export function behind(v: unknown, indent: number, of?: string): string {
  if (multiline(v)) return ` ${bar(v as string, indent + 2)}`;
  if (short(v) && !(of === 'edges' && Array.isArray(v) && v.length)) return ` ${Array.isArray(v) || isObject(v) ? inline(v) : scalar(v)}`;
  return `\n${block(v, indent + 2)}`;
}

function bar(s: string, indent: number): string {
  const end = /\n*$/.exec(s)?.[0].length ?? 0;
  const lines = s.replace(/\n+$/, '').split('\n');
  const head = end === 0 ? '|-' : end === 1 ? '|' : '|+';
  const more = end > 1 ? '\n'.repeat(end - 1) : '';
  return `${head}\n${lines.map((l) => (l ? ' '.repeat(indent) + l : '')).join('\n')}${more}`;
}

/** Writes a map or a list as lines, each indented. */
export function block(v: unknown, indent: number): string {
  const pad = ' '.repeat(indent);
  if (Array.isArray(v)) return v.map((e) => `${pad}- ${item(e, indent)}`).join('\n');
  if (isObject(v)) {
    return Object.entries(v)
      .filter(([, e]) => e !== undefined)
      .map(([k, e]) => `${pad}${key(k)}:${behind(e, indent, k)}`)
      .join('\n');
  }
  return pad + scalar(v);
}

/** Writes an element of a list, without what stands before its dash. */
export function item(v: unknown, indent: number): string {
  if (short(v)) return behind(v, indent).trimStart();
  if (multiline(v)) return bar(v as string, indent + 2);
  return block(v, indent + 2).slice(indent + 2);
}
