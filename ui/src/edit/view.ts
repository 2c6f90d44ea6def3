import { change, isRecord } from './change';
import { parse, type Frame, type Note } from './parse';
import { read, type TextEdit } from './source';

/** What the canvas keeps beside the flow itself: notes and frames, under `view`. */

function list(text: string, key: 'notes' | 'frames'): unknown[] {
  const view = (read(text).value as { view?: unknown } | null)?.view;
  const all = isRecord(view) ? view[key] : undefined;
  return Array.isArray(all) ? all : [];
}

function add(text: string, key: 'notes' | 'frames', value: unknown): TextEdit[] {
  const all = list(text, key);
  if (!all.length) return change(text, [{ do: 'set', path: ['view', key], value: [value] }]);
  return change(text, [{ do: 'insert', path: ['view', key], at: all.length, values: [value] }]);
}

function set(text: string, key: 'notes' | 'frames', index: number, part: Record<string, unknown>): TextEdit[] {
  const old = list(text, key)[index];
  if (!isRecord(old)) return [];
  return change(text, Object.entries(part).filter(([k, v]) => JSON.stringify(old[k]) !== JSON.stringify(v)).map(([k, value]) => ({ do: 'set', path: ['view', key, index, k], value })));
}

function remove(text: string, key: 'notes' | 'frames', gone: number[]): TextEdit[] {
  const all = list(text, key);
  if (!gone.length) return [];
  if (gone.length >= all.length) return change(text, [{ do: 'remove', path: ['view', key] }]);
  return change(text, gone.map((i) => ({ do: 'remove', path: ['view', key, i] })));
}

const r = Math.round;

export const addNote = (text: string, n: Pick<Note, 'text' | 'x' | 'y'>): TextEdit[] => add(text, 'notes', { text: n.text, x: r(n.x), y: r(n.y) });

export function setNote(text: string, index: number, n: Partial<Note>): TextEdit[] {
  return set(text, 'notes', index, Object.fromEntries(Object.entries(n).map(([k, v]) => [k, typeof v === 'number' ? r(v) : v])));
}

export const removeNotes = (text: string, gone: number[]): TextEdit[] => remove(text, 'notes', gone);

export function addFrame(text: string, f: Omit<Frame, 'color'>): TextEdit[] {
  return add(text, 'frames', { title: f.title, position: [r(f.x), r(f.y)], size: [r(f.width), r(f.height)], nodes: f.nodes });
}

export function setFrame(text: string, index: number, f: Partial<Frame>): TextEdit[] {
  const old = parse(text).flow.frames[index];
  if (!old) return [];
  const part: Record<string, unknown> = {};
  if (f.title !== undefined) part.title = f.title;
  if (f.color !== undefined) part.color = f.color;
  if (f.x !== undefined || f.y !== undefined) part.position = [r(f.x ?? old.x), r(f.y ?? old.y)];
  if (f.width !== undefined || f.height !== undefined) part.size = [r(f.width ?? old.width), r(f.height ?? old.height)];
  if (f.nodes !== undefined) part.nodes = f.nodes;
  return set(text, 'frames', index, part);
}

export const removeFrames = (text: string, gone: number[]): TextEdit[] => remove(text, 'frames', gone);
