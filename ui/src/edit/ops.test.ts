import { describe, expect, it } from 'vitest';

import { valueAt } from './change';
import { copyNodes, pasteNodes } from './clip';
import { apply } from './edits';
import { mentions } from './expressions';
import { Model } from './model';
import { addNode, connect, disconnect, emptyFlow, moveNodes, moveUp, removeNodes, renameNode, setNode, setParam, setStart, setTitle } from './ops';
import { parse } from './parse';
import { read, type TextEdit } from './source';
import { addFrame, addNote, removeFrames, removeNotes, setFrame, setNote } from './view';

const examples = Object.entries(import.meta.glob<string>('../../../examples/**/*.flow.yaml', { query: '?raw', import: 'default', eager: true })).map(([f, text]) => [f.split('/').at(-1), text] as const);

const small = `# A flow.
aether: 1
name: small # its name
nodes:
  # Where it begins.
  - id: a
    type: http.get
    params: {url: "https://example.org"}   # the page

  - id: b   # the second
    type: text.case
    params:
      # What is written.
      text: '{{ nodes.a.text + nodes["a"].x + "nodes.a" }}'
  - id: c
    type: flow.log
    params:
      message: |
        First {{ nodes.b.text }}

        Second
edges:
  - a -> b # onwards
  - b -> c
`;
const json = JSON.stringify({ aether: 1, name: 'j', nodes: [{ id: 'a', type: 'http.get' }, { id: 'b', type: 'flow.log', params: { message: '{{ nodes.a.x }}' } }], edges: ['a -> b'] }, null, 2) + '\n';

const run = (text: string, edits: TextEdit[]) => {
  const out = apply(text, edits);
  expect(read(out).wrong).toBeNull();
  return out;
};

describe('operations', () => {
  it('has examples to try', () => expect(examples.length).toBeGreaterThan(8));

  it('writes only what it changes', () => {
    const out = run(small, addNode(small, { type: 'web.click', after: { from: 'a', port: 'next' }, params: { target: 'x: y' } }));
    expect(out).toBe(small.replace('  - id: b   #', '  - id: click\n    type: web.click\n    params:\n      target: "x: y"\n  - id: b   #').replace('  - a -> b # onwards\n', '  - a -> click # onwards\n  - click -> b\n'));
    expect(run(small, setParam(small, 'a', ['url'], 'https://x.y'))).toBe(small.replace('https://example.org', 'https://x.y'));
    expect(run(small, setTitle(small, 'b', 'Case'))).toBe(small.replace('    type: text.case\n', '    type: text.case\n    title: Case\n'));
    expect(run(small, setNode(small, 'c', ['retry', 'max_attempts'], 3))).toBe(small.replace('        Second\n', '        Second\n    retry: {max_attempts: 3}\n'));
    expect(run(small, disconnect(small, { from: 'a', port: '', to: 'b' }))).toBe(small.replace('  - a -> b # onwards\n', ''));
    expect(run(small, setParam(small, 'a', ['url'], undefined))).toBe(small.replace('    params: {url: "https://example.org"}   # the page\n', ''));
    expect(run(small, moveNodes(small, { a: { x: 1.2, y: 2 } }))).toBe(`${small}view:\n  nodes:\n    a: {x: 1, y: 2}\n`);
  });

  it('gives a node another id wherever it is meant, and only there', () => {
    const out = run(small, renameNode(small, 'a', 'page'));
    expect(out).toBe(small.replace('id: a\n', 'id: page\n').replace('nodes.a.text + nodes["a"]', 'nodes.page.text + nodes["page"]').replace('- a -> b', '- page -> b'));
    expect(run(out, renameNode(out, 'page', 'a'))).toBe(small);
  });

  it('removes a node and leads on past it', () => {
    const out = run(small, removeNodes(small, ['b']));
    expect(parse(out).flow.edges).toEqual([{ from: 'a', port: '', to: 'c' }]);
    expect(out).toContain('  - a -> c # onwards');
    expect(out).not.toContain('# What is written');
    expect(out).toContain('# Where it begins');
    const all = run(small, removeNodes(small, ['a', 'b', 'c']));
    expect(all).toBe('# A flow.\naether: 1\nname: small # its name\nnodes: []\n');
    expect(parse(run(small, removeNodes(small, ['a']))).flow.start).toBe('b');
  });

  it('builds a flow from nothing, in YAML and in JSON', () => {
    for (const empty of [emptyFlow('made here'), '{"aether": 1, "name": "made here", "nodes": []}\n']) {
      let t = run(empty, addNode(empty, { type: 'http.get', at: { x: 0, y: 0 } }));
      t = run(t, addNode(t, { type: 'flow.log', after: { from: 'get', port: 'next' } }));
      t = run(t, addNode(t, { type: 'flow.log', onWire: { from: 'get', port: 'next', to: 'log' } }));
      t = run(t, addNote(t, { text: 'Look:\nhere', x: 3, y: 4 }));
      const { flow } = parse(t);
      expect(flow.name).toBe('made here');
      expect(flow.edges.map((e) => `${e.from}>${e.to}`)).toEqual(['get>log_2', 'log_2>log']);
      expect(flow.notes[0]?.text).toBe('Look:\nhere');
      expect(flow.positions.get('get')).toEqual({ x: 0, y: 0 });
    }
    expect(apply(emptyFlow('a'), addNode(emptyFlow('a'), { type: 'flow.log' }))).toBe('aether: 1\nname: a\nnodes:\n  - id: log\n    type: flow.log\n');
  });

  it('keeps JSON as it is laid out', () => {
    const t = run(json, addNode(json, { type: 'web.click', after: { from: 'a', port: 'next' } }));
    expect(JSON.stringify(JSON.parse(t), null, 2) + '\n').toBe(t);
    const u = run(t, removeNodes(t, ['click']));
    expect(u).toBe(json);
    expect(JSON.parse(run(json, setParam(json, 'a', ['headers', 'x'], 'y'))).nodes[0].params).toEqual({ headers: { x: 'y' } });
  });

  it('copies nodes as text and pastes them with ids of their own', () => {
    const clip = copyNodes(small, ['a', 'b'], new Map([['a', { x: 10, y: 20 }]]));
    expect(clip).toContain('# Where it begins.');
    for (const c of [clip, clip.split('\n').map((l) => `> ${l}`).join('\n'), JSON.stringify(read(clip).value)]) {
      const { edits, ids } = pasteNodes(small, c, { x: 100, y: 100 });
      expect(ids).toEqual(['a_2', 'b_2']);
      const { flow } = parse(run(small, edits));
      expect(flow.byId.get('b_2')?.params.text).toBe('{{ nodes.a_2.text + nodes["a_2"].x + "nodes.a" }}');
      expect(flow.edges).toContainEqual({ from: 'a_2', port: '', to: 'b_2' });
      expect(flow.positions.get('a_2')).toEqual({ x: 100, y: 100 });
    }
    expect(pasteNodes(small, 'just words', undefined).ids).toEqual([]);
    expect(pasteNodes(small, '- one\n- two').ids).toEqual([]);
  });

  it('swaps a node with the one before it, the first one too', () => {
    let { flow } = parse(run(small, moveUp(small, 'c')));
    expect(flow.edges.map((e) => `${e.from}>${e.to}`)).toEqual(['a>c', 'c>b']);
    ({ flow } = parse(run(small, moveUp(small, 'b'))));
    expect(flow.start).toBe('b');
    expect(moveUp(small, 'a')).toEqual([]);
    expect(parse(run(small, setStart(small, 'c'))).flow.start).toBe('c');
  });

  it('sees what expressions mention', () => {
    expect(mentions('{{ nodes.a.b + loops.each.item }} nodes.x {{ "nodes.y" + x.nodes.z }}').map((m) => m.id)).toEqual(['a', 'each']);
  });
});

/** Numbers that look like chance and are the same each time (mulberry32). */
function chance(seed: number) {
  return (n: number) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** One operation by chance, and the nodes whose lines it may touch. */
function step(text: string, r: (n: number) => number): { edits: TextEdit[]; touched: Set<string> | 'all'; drops?: boolean } {
  const { flow } = parse(text);
  const some = () => flow.nodes[r(Math.max(1, flow.nodes.length))]?.id ?? '';
  const edge = flow.edges[r(Math.max(1, flow.edges.length))];
  const a = some();
  const words = ['plain', 'a: b', "it's", '"both" and \'', 'two\nlines\n', ' lead', '{{ nodes.x.y == "z" }}', '', '007', 'yes', 12, true, null, [1, 'two'], { k: 'v', deep: { er: [] } }];
  switch (r(14)) {
    case 0:
      return { edits: addNode(text, { type: 'web.click', after: a ? { from: a, port: 'next' } : undefined, params: { v: words[r(words.length)] } }), touched: new Set() };
    case 1:
      return { edits: edge ? addNode(text, { type: 'flow.log', onWire: edge, at: { x: r(900), y: r(900) } }) : [], touched: new Set() };
    case 2: {
      const gone = new Set([a, some()]);
      return { edits: removeNodes(text, gone), touched: gone, drops: true };
    }
    case 3:
      return { edits: connect(text, { from: a, port: ['next', 'error', 'body'][r(3)] ?? '', to: some() }), touched: new Set() };
    case 4:
      return { edits: edge ? disconnect(text, edge) : [], touched: new Set(), drops: true };
    case 5:
      return { edits: a ? renameNode(text, a, `${a.slice(0, 40)}_${r(1e6)}`) : [], touched: 'all' };
    case 6:
    case 7:
      return { edits: setParam(text, a, [['p', 'url', 'items'][r(3)] ?? 'p'], words[r(words.length)]), touched: new Set([a]), drops: true };
    case 8:
      return { edits: setParam(text, a, [Object.keys(flow.byId.get(a)?.params ?? {})[0] ?? 'p'], undefined), touched: new Set([a]), drops: true };
    case 9:
      return { edits: moveNodes(text, Object.fromEntries(flow.nodes.slice(r(9)).map((n) => [n.id, { x: r(900), y: r(900) }]))), touched: new Set(), drops: true };
    case 10:
      return { edits: pasteNodes(text, copyNodes(text, [a, some()], flow.positions), { x: r(99), y: 0 }).edits, touched: new Set() };
    case 11:
      return { edits: flow.notes.length > 2 ? removeNotes(text, [r(3)]) : flow.notes.length && r(2) ? setNote(text, 0, { text: 'other', x: r(99) }) : addNote(text, { text: 'a note\nof two lines', x: 1, y: 2 }), touched: new Set(), drops: true };
    case 12:
      return { edits: flow.frames.length > 1 ? removeFrames(text, [1]) : flow.frames.length && r(2) ? setFrame(text, 0, { title: 'T', width: 9 }) : addFrame(text, { title: 'Frame', x: 0, y: 0, width: 10, height: 10, nodes: [a] }), touched: new Set(), drops: true };
    default:
      return { edits: moveUp(text, a), touched: new Set() };
  }
}

const comments = (t: string) => t.split('\n').filter((l) => l.trim().startsWith('#'));

describe.each(examples)('by chance, %s', (_, text) => {
  it('keeps what it does not touch, byte for byte, and undoes and does again', () => {
    for (let seed = 1; seed <= 2; seed++) {
      const r = chance(seed);
      const m = new Model({ digest: 'd', text });
      const states = [m.text()];
      for (let i = 0; i < 16; i++) {
        const before = m.text();
        const was = parse(before).flow;
        const { edits, touched, drops } = step(before, r);
        m.apply(`step ${i}`, edits);
        const after = m.text();
        if (after === before) continue;
        states.push(after);
        expect(read(after).wrong, after).toBeNull();
        const now = parse(after).flow;
        if (touched !== 'all') {
          for (const n of was.nodes) {
            const p = was.pathOf(n.id);
            const q = now.pathOf(n.id);
            if (touched.has(n.id) || !p || !q) continue;
            const [x, y] = [was.range(p), now.range(q)];
            expect(after.slice(y?.from, y?.to)).toBe(before.slice(x?.from, x?.to));
          }
        }
        for (const key of ['inputs', 'outputs', 'vars', 'settings', 'description']) {
          const [x, y] = [was.range([key]), now.range([key])];
          if (touched !== 'all') expect(y && after.slice(y.from, y.to)).toBe(x && before.slice(x.from, x.to));
          expect(valueAt(now.value, [key]) === undefined).toBe(valueAt(was.value, [key]) === undefined);
        }
        if (!drops) for (const c of comments(before)) expect(comments(after)).toContain(c);
      }
      for (let i = states.length - 2; i >= 0; i--) {
        m.undo();
        expect(m.text()).toBe(states[i]);
      }
      expect(m.canUndo()).toBe(false);
      for (const s of states.slice(1)) {
        m.redo();
        expect(m.text()).toBe(s);
        m.undo();
        m.redo();
        expect(m.text()).toBe(s);
      }
      expect(m.canRedo()).toBe(false);
    }
  }, 120_000);
});
