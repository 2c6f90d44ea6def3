import { describe, expect, it } from 'vitest';

import { diff } from './diff';

const a = { aether: 1, name: 'f', inputs: { day: 'string' }, nodes: [{ id: 'a', type: 'x.y', params: { p: 1, deep: { q: 1, r: 2 } } }, { id: 'b', type: 'x.z' }], edges: ['a -> b'], view: { positions: { a: [0, 0], b: [9, 9] } } };

describe('diff', () => {
  it('finds what is new, gone and different', () => {
    const b = { ...a, description: 'new', nodes: [{ id: 'a', type: 'x.y', title: 'A', params: { p: 2, deep: { q: 1, r: 3 } } }, { id: 'c', type: 'x.z' }], edges: ['a.next -> c'] };
    const d = diff(a, b);
    expect(d.nodes.map((n) => [n.id, n.mark])).toEqual([['a', 'changed'], ['c', 'added'], ['b', 'removed']]);
    expect(d.nodes[0]?.fields).toEqual([{ what: 'params.p', before: 1, after: 2 }, { what: 'params.deep.r', before: 2, after: 3 }, { what: 'title', before: undefined, after: 'A' }]);
    expect([...d.edges]).toEqual([['a -> c', 'added'], ['a -> b', 'removed']]);
    expect(d.flow).toEqual([{ what: 'description', before: undefined, after: 'new' }]);
    expect(d.doc.nodes.map((n) => n.id)).toEqual(['a', 'c', 'b']);
    expect(d.doc.positions.get('b')).toEqual({ x: 9, y: 9 });
  });

  it('leaves the layout aside, and the same wire written in another way', () => {
    const d = diff(a, { ...a, edges: ['a.next -> b'], view: { positions: { a: [5, 5] } } });
    expect([d.nodes, [...d.edges], d.flow]).toEqual([[], [], []]);
  });
});
