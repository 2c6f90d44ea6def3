import { ChangeSet, Text } from '@codemirror/state';

import type { TextEdit } from './source';

/** Makes edits of a text, all given by places of the text as it was. */
export function apply(text: string, edits: TextEdit[]): string {
  let out = '';
  let at = 0;
  for (const e of [...edits].sort((a, b) => a.from - b.from || a.to - b.to)) {
    out += text.slice(at, e.from) + e.text;
    at = e.to;
  }
  return out + text.slice(at);
}

const set = (length: number, edits: TextEdit[]) => ChangeSet.of(edits.map((e) => ({ from: e.from, to: e.to, insert: Text.of(e.text.split('\n')) })), length);

/** Makes one list of edits of two, the second of which speaks of the text that the first has made. */
export function compose(text: string, first: TextEdit[], then: string, second: TextEdit[]): TextEdit[] {
  const all = set(text.length, first).compose(set(then.length, second));
  const out: TextEdit[] = [];
  all.iterChanges((from, to, _a, _b, inserted) => out.push({ from, to, text: inserted.toString() }), true);
  return out;
}

/** Makes several operations one after the other into one list of edits. */
export function chain(text: string, ...steps: ((text: string) => TextEdit[])[]): TextEdit[] {
  let now = text;
  let all: TextEdit[] = [];
  for (const step of steps) {
    const next = step(now);
    if (!next.length) continue;
    all = compose(text, all, now, next);
    now = apply(now, next);
  }
  return all;
}
