import { expect, it } from 'vitest';

import { layout } from './layout';

it('places every node, none over another, what follows below, and always the same', () => {
  const nodes = Array.from({ length: 60 }, (_, i) => ({ id: `n${i}`, height: 66 }));
  const edges = nodes.slice(1).map((n, i) => ({ from: `n${Math.floor(i / 2)}`, to: n.id }));
  const a = layout({ nodes, edges });
  expect(layout({ nodes, edges })).toEqual(a);
  const all = Object.values(a);
  expect(all).toHaveLength(60);
  for (const [i, p] of all.entries()) for (const q of all.slice(i + 1)) expect(Math.abs(p.x - q.x) >= 208 || Math.abs(p.y - q.y) >= 66).toBe(true);
  for (const e of edges) expect((a[e.to]?.y ?? 0) > (a[e.from]?.y ?? 0)).toBe(true);
});

it('keeps what follows a node in the order of its wires', () => {
  const nodes = ['each', 'put', 'say', 'check', 'end'].map((id) => ({ id, height: 66 }));
  for (const [body, done] of [['put', 'check'], ['check', 'put']] as const) {
    const rest = body === 'put' ? [{ from: 'put', to: 'say' }, { from: 'check', to: 'end' }] : [{ from: 'check', to: 'end' }, { from: 'put', to: 'say' }];
    const at = layout({ nodes, edges: [{ from: 'each', to: body }, { from: 'each', to: done }, ...rest] });
    expect(at[body]?.x).toBeLessThan(at[done]?.x ?? 0);
  }
});

it('places every node, however the wires contradict each other', () => {
  let seed = 7;
  const next = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 40; round++) {
    const nodes = Array.from({ length: 2 + next(9) }, (_, i) => ({ id: `n${i}`, height: 66 }));
    const id = () => `n${next(nodes.length)}`;
    const edges = Array.from({ length: next(20) }, () => ({ from: id(), to: id() }));
    const all = Object.values(layout({ nodes, edges }));
    expect(all).toHaveLength(nodes.length);
    for (const p of all) expect(Number.isFinite(p.x) && Number.isFinite(p.y)).toBe(true);
  }
}, 60_000);
