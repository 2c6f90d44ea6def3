import { isRecord } from './change';
import { apply, chain } from './edits';
import { addEdges, freshId, moveNodes, renameNodes, type At } from './ops';
import { change } from './change';
import { edgeText, parse } from './parse';
import { dash, lineStart, read, withComments, type TextEdit } from './source';
import { block, item } from './write';

/** What is copied is a piece of a flow file, good to be pasted into a mail and back. */
export function copyNodes(text: string, ids: Iterable<string>, places: ReadonlyMap<string, At>): string {
  const { flow } = parse(text);
  const chosen = new Set(ids);
  const nodes = flow.nodes.filter((n) => chosen.has(n.id));
  if (!nodes.length) return '';
  const edges = flow.edges.filter((e) => chosen.has(e.from) && chosen.has(e.to)).map(edgeText);
  const at = Object.fromEntries(nodes.flatMap((n) => (places.has(n.id) ? [[n.id, places.get(n.id)]] : [])));
  const rest: Record<string, unknown> = {};
  if (edges.length) rest.edges = edges;
  if (Object.keys(at).length) rest.view = { nodes: at };
  const written = nodes.map((n) => indent(lines(text, n.id) ?? `- ${item(n.raw, 0)}`, '  '));
  return `nodes:\n${written.join('\n')}\n${Object.keys(rest).length ? `${block(rest, 0)}\n` : ''}`;
}

const indent = (s: string, pad: string) => s.split('\n').map((l) => (l ? pad + l : l)).join('\n');

/** The lines of a node with its comments, as they are written; nothing where they are not lines of its own. */
function lines(text: string, id: string): string | undefined {
  const s = read(text);
  const { flow } = parse(text);
  const path = flow.pathOf(id);
  const r = path && flow.range(path);
  if (!r || s.json) return undefined;
  const start = dash(text, r.from);
  const pad = text.slice(lineStart(text, start), start);
  if (/\S/.test(pad) || text[r.from] === '{') return undefined;
  const own = text.slice(withComments(text, start), r.to).replace(/\n+$/, '').split('\n');
  // A bar that keeps the empty lines behind it cannot do so among others.
  if (own.some((l) => l && !l.startsWith(pad)) || /[|>]\d*\+/.test(own.join('\n'))) return undefined;
  return own.map((l) => l.slice(pad.length)).join('\n');
}

/** What a text holds that can be pasted: a piece of a flow, a whole one, a list of nodes or one node. */
export function readClip(clip: string): { text: string; ids: string[] } | null {
  const bare = dedent(clip.replaceAll('\u00a0', ' ').replaceAll('\r\n', '\n'));
  if (!bare.trim() || bare.length > 4_000_000) return null;
  const s = read(bare);
  if (s.wrong) return null;
  const v = s.value;
  if (isRecord(v) && Array.isArray(v.nodes)) return ok(bare);
  const list = Array.isArray(v) ? v : isRecord(v) && typeof v.id === 'string' ? [v] : [];
  return list.length ? ok(`${block({ nodes: list }, 0)}\n`) : null;
}

function ok(text: string): { text: string; ids: string[] } | null {
  const { flow } = parse(text);
  const ids = flow.nodes.filter((n) => n.type && /^[A-Za-z_]\w{0,63}$/.test(n.id)).map((n) => n.id);
  return ids.length ? { text, ids } : null;
}

function dedent(s: string): string {
  const all = s.split('\n').map((l) => l.replace(/^(?:> ?)+/, ''));
  const pads = all.filter((l) => l.trim()).map((l) => /^ */.exec(l)?.[0].length ?? 0);
  const least = Math.min(...pads, 400);
  return all.map((l) => l.slice(Math.min(least, /^ */.exec(l)?.[0].length ?? 0))).join('\n');
}

/** Adds what was copied. Its ids become ones that are free, and what its nodes say of each other stays true. */
export function pasteNodes(text: string, clip: string, at?: At): { edits: TextEdit[]; ids: string[] } {
  const piece = readClip(clip);
  if (!piece) return { edits: [], ids: [] };
  const { flow } = parse(text);
  const taken = new Set(flow.byId.keys());
  // A new name must be none of the piece's own, either: two of them could be swapped.
  const names = new Map<string, string>();
  for (const id of piece.ids) {
    const name = taken.has(id) ? freshId([...taken, ...piece.ids], `.${id}`) : id;
    taken.add(name);
    names.set(id, name);
  }
  const renamed = apply(piece.text, renameNodes(piece.text, names));
  const from = parse(renamed).flow;
  const ids = [...names.values()];
  const nodes = ids.flatMap((id) => from.byId.get(id) ?? []);
  const places: Record<string, At> = {};
  const known = nodes.flatMap((n) => from.positions.get(n.id) ?? []);
  const left = Math.min(...known.map((p) => p.x));
  const top = Math.min(...known.map((p) => p.y));
  for (const n of nodes) {
    const p = from.positions.get(n.id);
    if (p) places[n.id] = at ? { x: p.x - left + at.x, y: p.y - top + at.y } : p;
  }
  const { value } = flow;
  const count = Array.isArray(value.nodes) ? value.nodes.length : 0;
  const edits = chain(
    text,
    (t) => change(t, [{ do: 'insert', path: ['nodes'], at: count, values: nodes.map((n) => n.raw), written: nodes.map((n) => lines(renamed, n.id) ?? '') }]),
    (t) => addEdges(t, from.edges.filter((e) => ids.includes(e.from) && ids.includes(e.to))),
    (t) => moveNodes(t, places),
  );
  return { edits, ids };
}
