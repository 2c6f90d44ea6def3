import { expect, test } from 'vitest';

import { left, shownData, startValues, afterwards } from './question';

test('what is proposed is filled in before the default', () => {
  expect(startValues([{ name: 'a', type: 'text', default: 'x', proposed: 'y' }, { name: 'b', type: 'bool', default: false }, { name: 'c', type: 'text' }])).toEqual({ a: 'y', b: false });
});

test('the time left is told in its two largest units, and never below zero', () => {
  expect(left(86_400_000 * 2 + 3_600_000, 0)).toBe('2 d 1 h');
  expect(left(3_661_000, 0)).toBe('1 h 1 min');
  expect(left(61_000, 0)).toBe('1 min 1 s');
  expect(left(-5, 0)).toBe('0 s');
});

test('what happens then is told', () => {
  expect(afterwards('port', {})).toBe('the flow goes on another way');
  expect(afterwards('default', { default: { button: 'yes' }, buttons: [{ name: 'yes', label: 'Ja' }] })).toBe('Ja counts as the answer');
  expect(afterwards(undefined, {})).toBe('');
});

test('a picture among the details is shown once', () => {
  expect(shownData({ screenshot: 'd', url: 'u' }, true)).toEqual({ url: 'u' });
  expect(shownData({ screenshot: 'd' }, true)).toBeUndefined();
  expect(shownData({ screenshot: 'd' }, false)).toEqual({ screenshot: 'd' });
});
