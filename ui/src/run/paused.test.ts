import { expect, test } from 'vitest';

import { fold, painted, type NodeState } from './state';
import { commandOf, pausedOf, shortly } from './paused';

const key = (key: string, shiftKey = false, ctrlKey = false) => commandOf({ key, shiftKey, ctrlKey, altKey: false, metaKey: false });

test('keys are those of other debuggers', () => {
  expect([key('F8'), key('F10'), key('F11'), key('F11', true), key('F10', true), key('F8', false, true), key('a')]).toEqual(['continue', 'over', 'into', 'out', undefined, undefined, undefined]);
});

test('only what is paused is shown', () => {
  const line = { path: 'a', kind: 'paused', topic: 't', paused: { told: 0, why: 'step', node: 'a', type: 'x.y', flow: 'f', vars: {} } };
  expect(pausedOf({ paused: true, waits: [line, { path: 'b', kind: 'message', topic: 'u' }] })).toEqual([line]);
  expect(pausedOf({ paused: false, waits: [line] })).toEqual([]);
  expect(pausedOf({ paused: true, waits: null })).toEqual([]);
});

test('values in a line', () => {
  expect(shortly({ value: { a: [1, 'x'] } })).toBe('{"a":[1,"x"]}');
  expect(shortly({ value: 'abc', cut: true, kind: 'string' })).toBe('"abc"…');
  expect(shortly({ cut: true, kind: 'list' })).toBe('list, too large to be shown');
  expect(shortly({ error: 'no' })).toBe('no');
});

test('a pause leaves a node as it was', () => {
  const nodes = new Map<string, NodeState>();
  const at = '2026-01-01T00:00:00Z';
  let seq = 0;
  const told = (kind: string, path: string, data: Record<string, unknown> = {}) => fold(nodes, { seq: ++seq, kind, path, at, data, run: 'r' });
  told('waiting', 'a', { paused: true });
  told('waiting', 'a', { paused: true }); // again after a crash
  expect(nodes.get('a')?.state).toBe('paused');
  expect(painted({ nodes, at: 0 }, { name: 'f', nodes: [], edges: [], inputs: [] } as never, 'cancelled').get('a')?.state).toBe('cancelled');
  told('answered', 'a', { paused: true });
  expect(nodes.has('a')).toBe(false);
  told('node_finished', 'e[0]/a', { ms: 3 });
  told('waiting', 'e[1]/a', { paused: true });
  expect(nodes.get('a')).toMatchObject({ state: 'paused', count: 1, path: 'e[1]/a' });
  told('answered', 'e[1]/a', { paused: true });
  expect(nodes.get('a')).toMatchObject({ state: 'done', count: 1 });
});
