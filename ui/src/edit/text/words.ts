import type { Schemas } from '../../api/client';
import { isRecord } from '../change';
import type { Path } from '../source';

export type Catalog = Schemas['Catalog'];
export type Field = Schemas['CatalogField'];
export type NodeType = Schemas['CatalogNode'];

/** What may stand somewhere, and what it means. */
export interface Word {
  name: string;
  doc: string;
  /** Shown behind the name: a type, a kind. */
  detail?: string;
  required?: boolean;
}

const flow: Record<string, string> = {
  aether: 'Version of the file format: 1.',
  name: 'Name of the flow.',
  description: 'What the flow does, for people.',
  inputs: 'What a run is given, by name.',
  outputs: 'What a run gives back, by name: an expression, or a map with value, type and doc.',
  vars: 'Variables with their first values, by name.',
  settings: 'Settings of the whole run.',
  start: 'Id of the node a run begins with; the first in the file if not given.',
  nodes: 'The nodes.',
  edges: 'The wires: from -> to, or from.port -> to.',
  triggers: 'What starts runs of the flow.',
  view: 'What the canvas keeps; it changes nothing.',
};
const node: Record<string, string> = {
  id: 'Short name of the node, by which wires and expressions know it.',
  type: 'What the node does.',
  title: 'Name of the node, for people.',
  params: 'What the node is given.',
  retry: 'How often and when the node is tried again if it fails.',
  timeout: 'How long one try may take; of nodes that steer, the whole.',
  on_error: 'What to do when it fails: fail, or continue with the next node.',
  on_interrupted: 'What to do when a crash cut it short after it may have acted.',
  disabled: 'Whether it is passed by.',
};
const settings: Record<string, string> = {
  timeout: 'How long a run may take.',
  retry: 'How failed nodes are tried again that do not say so themselves.',
  on_interrupted: 'What to do with a node that a crash cut short, where the node does not say so itself.',
  retention: 'How long after its end a run is kept, such as 90d; 0 keeps runs for ever.',
  heal: 'What to do about an element of a page that its target does not find any more.',
  trace: 'When the trace of browser work is kept.',
};
const retry: Record<string, string> = {
  max_attempts: 'Tries in all, the first one included.',
  initial: 'Pause before the second try; 1s if not given.',
  factor: 'Each pause is this many times the one before; 2 if not given.',
  max: 'Longest pause; 5m if not given.',
  on: 'Kinds of failures that are tried again.',
};
const input: Record<string, string> = {
  type: 'Type of the value; any if not given.',
  doc: 'What it is, for people.',
  required: 'Whether it must be given.',
  secret: 'Whether it is masked wherever it would be shown.',
  default: 'Value if it is not given.',
  enum: 'The only values allowed.',
};
const output: Record<string, string> = { value: 'An expression, evaluated when the run ends.', type: 'Type that is promised.', doc: 'What it is, for people.' };
const trigger: Record<string, string> = { id: 'Short name.', type: 'What it waits for.', params: 'What it is given.', disabled: 'Whether it rests.' };

const list = (m: Record<string, string>): Word[] => Object.entries(m).map(([name, doc]) => ({ name, doc }));
const plain = (names: readonly string[] | null | undefined, detail?: string): Word[] => (names ?? []).map((name) => ({ name, doc: '', detail }));
const yes: Word[] = plain(['true', 'false']);

export const types = (c: Catalog): Map<string, NodeType> => {
  const m = new Map<string, NodeType>();
  for (const n of c.nodes) for (const a of n.aliases ?? []) m.set(a, n);
  for (const n of c.nodes) m.set(n.type, n);
  return m;
};

/** The node that a path leads into. */
export function nodeOf(value: unknown, path: Path): Record<string, unknown> | undefined {
  if (path[0] !== 'nodes' || typeof path[1] !== 'number' || !isRecord(value) || !Array.isArray(value.nodes)) return undefined;
  const n: unknown = value.nodes[path[1]];
  return isRecord(n) ? n : undefined;
}

/** The param that a path leads to. */
export function fieldOf(c: Catalog, value: unknown, path: Path): Field | undefined {
  const type = nodeOf(value, path)?.type;
  if (path[2] !== 'params' || typeof type !== 'string') return undefined;
  let fields: Field[] | null | undefined = types(c).get(type)?.input;
  let at: Field | undefined;
  for (const step of path.slice(3)) {
    at = typeof step === 'number' || (at && at.kind === 'map') ? at?.elem : fields?.find((f) => f.name === step);
    if (!at) return undefined;
    fields = at.fields ?? at.elem?.fields;
  }
  return at;
}

const fieldWords = (fields: readonly Field[] | null | undefined): Word[] => (fields ?? []).map((f) => ({ name: f.name ?? '', doc: f.doc ?? '', detail: f.kind, required: f.required }));

/** The names that the map at a path may have. */
export function keysAt(c: Catalog, value: unknown, path: Path): Word[] {
  const [a, b, d] = path;
  if (path.length === 0) return list(flow);
  if (a === 'settings') return path.length === 1 ? list(settings) : b === 'retry' ? list(retry) : [];
  if (a === 'inputs' && path.length === 2) return list(input);
  if (a === 'outputs' && path.length === 2) return list(output);
  if (a === 'triggers' && path.length === 2) return list(trigger);
  if (a !== 'nodes' || typeof b !== 'number') return [];
  if (path.length === 2) return list(node);
  if (d === 'retry' && path.length === 3) return list(retry);
  if (d !== 'params') return [];
  if (path.length === 3) return fieldWords(types(c).get(String(nodeOf(value, path)?.type))?.input);
  const f = fieldOf(c, value, path);
  return f?.kind === 'secret' ? [{ name: 'secret', doc: 'Name of a secret in the store.' }] : fieldWords(f?.fields);
}

/** The values that may stand at a path. */
export function valuesAt(c: Catalog, value: unknown, path: Path): Word[] {
  const [a, b, d, e] = path;
  const last = path.at(-1);
  if (a === 'start') return ids(value).map((n) => ({ name: n.id, doc: n.title, detail: n.type }));
  if ((a === 'inputs' && (path.length === 2 || (path.length === 3 && d === 'type'))) || (a === 'outputs' && d === 'type')) return plain(c.keys.types);
  if (a === 'inputs' && (d === 'required' || d === 'secret')) return yes;
  if (a === 'settings') {
    if (b === 'heal') return plain(c.keys.heal);
    if (b === 'trace') return plain(c.keys.trace);
    if (b === 'on_interrupted') return plain(c.keys.on_interrupted);
    return b === 'retry' && d === 'on' ? plain(c.keys.failures) : [];
  }
  if (a !== 'nodes' || typeof b !== 'number') return [];
  if (d === 'type' && path.length === 3) return c.nodes.map((n) => ({ name: n.type, doc: n.doc, detail: n.title }));
  if (d === 'on_error') return plain(c.keys.on_error);
  if (d === 'on_interrupted') return plain(c.keys.on_interrupted);
  if (d === 'disabled') return yes;
  if (d === 'retry' && e === 'on') return plain(c.keys.failures);
  if (d !== 'params') return [];
  const f = fieldOf(c, value, path) ?? (typeof last === 'number' ? fieldOf(c, value, path.slice(0, -1)) : undefined);
  if (f?.enum?.length) return plain(f.enum);
  return f?.kind === 'bool' ? yes : [];
}

/** The nodes of a file. */
export function ids(value: unknown): { id: string; type: string; title: string; params: Record<string, unknown> }[] {
  if (!isRecord(value) || !Array.isArray(value.nodes)) return [];
  return value.nodes.flatMap((n: unknown) => (isRecord(n) && typeof n.id === 'string' ? [{ id: n.id, type: typeof n.type === 'string' ? n.type : '', title: typeof n.title === 'string' ? n.title : '', params: isRecord(n.params) ? n.params : {} }] : []));
}

/** What the key or value at a path means. */
export function explain(c: Catalog, value: unknown, path: Path, key: boolean, text: string): { title: string; doc: string } | undefined {
  if (!key && path[0] === 'nodes' && path[2] === 'type' && path.length === 3) {
    const t = types(c).get(text);
    return t && { title: `${t.type} · ${t.title}`, doc: t.doc };
  }
  if (!key) return undefined;
  const field = fieldOf(c, value, path);
  if (field) {
    const facts = [field.kind, field.required ? 'required' : '', field.default !== undefined ? `default ${JSON.stringify(field.default)}` : '', field.enum?.length ? field.enum.join(', ') : ''];
    return { title: `${field.name ?? text} · ${facts.filter(Boolean).join(' · ')}`, doc: field.doc ?? '' };
  }
  const word = keysAt(c, value, path.slice(0, -1)).find((w) => w.name === path.at(-1));
  return word?.doc ? { title: word.name, doc: word.doc } : undefined;
}
