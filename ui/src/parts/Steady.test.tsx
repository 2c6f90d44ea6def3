import { describe, expect, it } from 'vitest';

import { byQuery, percent } from './Steady';

describe('Steady', () => {
  it('writes parts in percent, and never nearly all as all', () => {
    expect([0, 0.5, 2 / 3, 0.9995, 1].map(percent)).toEqual(['0 %', '50 %', '66.7 %', '99.9 %', '100 %']);
  });
  it('tells the queries apart where there are several', () => {
    expect(byQuery({ ranks: [4] })).toBe('');
    expect(byQuery({ ranks: [4, 0, 1] })).toBe('query 1: 4, query 2: 0, query 3: 1');
    expect(byQuery({ ranks: null })).toBe('');
  });
});
