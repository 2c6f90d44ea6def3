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
