import { describe, expect, it } from 'vitest';

import { isRecord } from './change';
import { mergeLines } from './lines';
import { merge, Unreadable } from './merge';
import { addEdges, addNode, connect, disconnect, moveNodes, removeNodes, setParam, setTitle } from './ops';
import { apply } from './edits';
import { parse } from './parse';
import { read, type TextEdit } from './source';

const base = `# What it is for
aether: 1
name: orders # short
inputs: {day: string}
nodes:
- id: read # the first
  type: file.read_text
  params:
    path: in.txt # of today
    encoding: utf-8
- {id: say, type: flow.log, params: {message: hello}}
- id: end
  type: flow.comment
edges:
- read -> say
- say -> end
`;
const none = () => false;
const all = () => true;
const value = (text: string) => read(text).value as Record<string, unknown>;
const edit = (text: string, ...ops: ((t: string) => TextEdit[])[]) => ops.reduce((t, op) => apply(t, op(t)), text);

describe('merge', () => {
  it('takes what one side alone has changed', () => {
    const mine = edit(base, (t) => setParam(t, 'read', ['path'], 'mine.txt'), (t) => addNode(t, { type: 'text.trim', id: 'trim' }));
    const theirs = edit(base, (t) => setParam(t, 'read', ['encoding'], 'latin1'), (t) => setTitle(t, 'end', 'Over')).replace('# short', '# a comment of theirs');
    const m = merge(base, mine, theirs);
    expect(m.conflicts).toEqual([]);
    const text = m.text(none);
    const flow = parse(text).flow;
    expect(flow.byId.get('read')?.params).toEqual({ path: 'mine.txt', encoding: 'latin1' });
    expect(flow.byId.get('end')?.title).toBe('Over');
    expect(flow.byId.has('trim')).toBe(true);
    for (const c of ['# What it is for', '# a comment of theirs', '# the first', '# of today']) expect(text).toContain(c);
  });

  it('keeps comments of both sides where lines allow it', () => {
    const mine = base.replace('# of today', '# of today, mine').replace('hello', 'bye');
    const theirs = base.replace('# What it is for', '# theirs');
    const text = merge(base, mine, theirs).text(none);
    expect(text).toBe(base.replace('# of today', '# of today, mine').replace('hello', 'bye').replace('# What it is for', '# theirs'));
  });

  it('asks about a field that both have changed', () => {
    const mine = edit(base, (t) => setParam(t, 'say', ['message'], 'mine'), (t) => setTitle(t, 'read', 'Read it'));
    const theirs = edit(base, (t) => setParam(t, 'say', ['message'], 'theirs'));
    const m = merge(base, mine, theirs);
    expect(m.conflicts).toEqual([{ node: 'say', what: 'params.message', base: 'hello', mine: 'mine', theirs: 'theirs' }]);
    for (const [choose, message] of [[none, 'theirs'], [all, 'mine']] as const) {
      const flow = parse(m.text(choose)).flow;
      expect(flow.byId.get('say')?.params.message).toBe(message);
      expect(flow.byId.get('read')?.title).toBe('Read it');
    }
  });

  it('asks when one side has changed what the other has taken away', () => {
    const mine = edit(base, (t) => removeNodes(t, ['say']));
    const theirs = edit(base, (t) => setParam(t, 'say', ['message'], 'theirs'));
    const m = merge(base, mine, theirs);
    expect(m.conflicts.map((c) => [c.node, c.mine === undefined])).toEqual([['say', true]]);
    expect(parse(m.text(none)).flow.byId.has('say')).toBe(true);
    expect(parse(m.text(all)).flow.byId.has('say')).toBe(false);
    const other = merge(base, theirs, mine);
    expect(parse(other.text(all)).flow.byId.get('say')?.params.message).toBe('theirs');
    expect(parse(other.text(none)).flow.byId.has('say')).toBe(false);
  });

  it('takes wires as a set, and says where a run begins', () => {
    const mine = edit(base, (t) => disconnect(t, { from: 'read', port: 'next', to: 'say' }), (t) => connect(t, { from: 'read', port: 'error', to: 'end' }));
    const theirs = edit(base, (t) => addEdges(t, [{ from: 'say', port: 'error', to: 'end' }]));
    expect((value(merge(base, mine, theirs).text(none)).edges as string[]).toSorted()).toEqual(['read.error -> end', 'say -> end', 'say.error -> end']);
    const first = base.replace('nodes:\n', 'nodes:\n- {id: zero, type: flow.comment}\n');
    expect(parse(merge(base, first, edit(base, (t) => setTitle(t, 'end', 'x'))).text(none)).flow.start).toBe('zero');
  });

  it('works on JSON, and on texts in different formats', () => {
    const json = JSON.stringify(value(base), null, 2);
    const mine = edit(json, (t) => setParam(t, 'say', ['message'], 'mine'));
    const theirs = edit(base, (t) => setTitle(t, 'end', 'Over'));
    expect(parse(merge(json, mine, theirs).text(none)).flow.byId.get('say')?.params.message).toBe('mine');
    expect(JSON.parse(merge(base, theirs, json).text(none)).nodes[2].title).toBe('Over');
  });

  it('says whose text cannot be read', () => {
    expect(() => merge(base, 'nodes: [{', base)).toThrow(Unreadable);
    expect(() => merge(base, 'nodes: [{', base)).toThrow(/^Your text/);
  });
});

/** The same numbers each time. */
function numbers(seed: number) {
  let s = seed;
  return (n: number) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return Math.floor((s / 2 ** 32) * n);
  };
}

/** Some changes of a flow. */
function changed(text: string, pick: (n: number) => number, name: string): string {
  let out = text;
  for (let i = 0; i < 1 + pick(5); i++) {
    const ids = [...parse(out).flow.byId.keys()];
    const id = ids[pick(ids.length)] ?? 'read';
    const other = ids[pick(ids.length)] ?? 'end';
    const ops: (() => TextEdit[])[] = [
      () => setParam(out, id, ['message'], `${name} ${pick(3)}`),
      () => setParam(out, id, ['deep', 'a'], pick(2)),
      () => setTitle(out, id, pick(2) ? `${name}: title` : ''),
      () => addNode(out, { type: 'flow.log', id: `${name}${i}` }),
      () => (ids.length > 1 ? removeNodes(out, [id]) : []),
      () => (id === other ? [] : addEdges(out, [{ from: id, port: pick(2) ? 'next' : 'error', to: other }])),
      () => moveNodes(out, { [id]: { x: pick(500), y: pick(500) } }),
    ];
    out = apply(out, (ops[pick(ops.length)] as () => TextEdit[])());
  }
  return out;
}

/** What a flow says, as places with values; nodes by id, wires as such. */
function facts(text: string): Map<string, string> {
  const out = new Map<string, string>();
  const walk = (v: unknown, at: string) => {
    if (isRecord(v) && Object.keys(v).length) for (const [k, e] of Object.entries(v)) walk(e, `${at}/${k}`);
    else out.set(at, JSON.stringify(v));
  };
  for (const [k, v] of Object.entries(value(text))) {
    if (k === 'nodes') for (const n of v as Record<string, unknown>[]) walk(n, `nodes/${String(n.id)}`);
    else if (k === 'edges') for (const e of (v ?? []) as string[]) out.set(`edges/${e}`, '');
    else walk(v, k);
  }
  return out;
}

describe('merging any two changes', () => {
  it('loses nothing of either side', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const pick = numbers(seed);
      const mine = changed(base, pick, 'mine');
      const theirs = changed(base, pick, 'theirs');
      const m = merge(base, mine, theirs);
      const [b, my, their] = [facts(base), facts(mine), facts(theirs)];
      const disputed = m.conflicts.map((c) => (c.node ? (c.what === 'the node' ? `nodes/${c.node}` : `nodes/${c.node}/${c.what.replaceAll('.', '/')}`) : c.what.replaceAll('.', '/')));
      for (const [choose, winner] of [[none, their], [all, my]] as const) {
        const text = m.text(choose);
        const got = facts(text);
        for (const at of new Set([...b.keys(), ...my.keys(), ...their.keys(), ...got.keys()])) {
          // A map that has become empty, or is no more, is the same.
          const under = (f: Map<string, string>) => [...f.keys()].some((k) => k.startsWith(`${at}/`));
          if ([b, my, their, got].some(under) || /^(?:edges|start|view|nodes\/\w+\/params)$/.test(at)) continue;
          const [was, mi, th] = [b.get(at), my.get(at), their.get(at)];
          const want = disputed.some((d) => at === d || at.startsWith(`${d}/`)) ? winner.get(at) : mi === was ? th : mi;
          expect(got.get(at), `seed ${seed}: ${at}\n${mine}\n---\n${theirs}\n---\n${text}`).toBe(want);
        }
      }
    }
  }, 120_000);

  it('is theirs if I have changed nothing, mine if they have not, and either if both did the same', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const text = changed(base, numbers(seed), 'x');
      expect(merge(base, base, text).text(none)).toBe(text);
      expect(merge(base, text, text).text(none)).toBe(text);
      const back = merge(base, text, base);
      expect(back.conflicts).toEqual([]);
      expect(facts(back.text(none))).toEqual(facts(text));
    }
  });
});

describe('mergeLines', () => {
  it('merges lines that are apart', () => {
    expect(mergeLines('a\nb\nc\nd', 'A\nb\nc\nd', 'a\nb\nc\nD\ne')).toBe('A\nb\nc\nD\ne');
    expect(mergeLines('a\nb\nc', 'a\nx\nc', 'a\ny\nc')).toBeUndefined();
    expect(mergeLines('a\nb\nc', 'a\nc', 'a\nb\nc\nd')).toBe('a\nc\nd');
    expect(mergeLines('', 'x', '')).toBe('x');
  });
  it('gives the other side where one has changed nothing', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const pick = numbers(seed);
      const some = () => Array.from({ length: pick(9) }, () => 'abc'[pick(3)]).join('\n');
      const [x, y] = [some(), some()];
      expect(mergeLines(x, x, y)).toBe(y);
      expect(mergeLines(x, y, x)).toBe(y);
      expect(mergeLines(x, y, y)).toBe(y);
    }
  });
});
