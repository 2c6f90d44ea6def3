import { describe, expect, it } from 'vitest';

import type { Event } from '../api/events';
import { bars, ticks } from './bars';
import { asOf, Book, took, waited, type Execution } from './book';
import { diff, fold } from './diff';
import { readFrom, reads } from './reads';
import { ownerOf } from './state';
import { clean, moment } from './views';

let seq = 0;
const began = 1_000_000;
const event = (at: number, kind: string, path: string, data: Record<string, unknown> = {}): Event => ({ run: 'r', seq: ++seq, kind, path, at: new Date(began + at).toISOString(), data });
const filled = (...events: Event[]) => {
  const b = new Book(began);
  b.add(events);
  return b;
};
const known = (x: Execution | undefined): Execution => {
  if (!x) throw new Error('there is no such execution');
  return x;
};
const nth = (b: Book, i: number) => known(b.list[i]);
const get = (b: Book, key: string) => known(b.get(key));

describe('the book of a run', () => {
  it('names each execution by its path and try, and knows whose it is', () => {
    const b = filled(
      event(0, 'node_started', 'each[0]/get'),
      event(10, 'node_failed', 'each[0]/get', { ms: 10, failure: { message: 'no' } }),
      event(10, 'node_retrying', 'each[0]/get', { try: 2 }),
      event(10, 'waiting', 'each[0]/get', { ms: 50 }),
      event(60, 'node_started', 'each[0]/get', { try: 2 }),
      event(70, 'node_finished', 'each[0]/get', { try: 2, ms: 10 }),
      event(80, 'node_started', 'call/get'),
      event(90, 'node_finished', 'call/get', { ms: 10 }),
    );
    expect(b.of('get').map((x) => `${x.key} ${x.state} ${waited(x, 0)}`)).toEqual(['each[0]/get failed 0', 'each[0]/get#2 done 50']);
    expect(b.of('call').map((x) => x.key)).toEqual(['call/get']);
    expect(b.get('each[0]/get')?.failure?.message).toBe('no');
  });
  it('knows owners', () => {
    for (const [path, owner] of Object.entries({ a: 'a', 'each[2]/fetch#2': 'fetch', 'a[1]/b[2]/c': 'c', 'call/x': 'call', 'each[0]/call/x[1]/y': 'call', 'enter@1/login': 'login' })) expect(ownerOf(path)).toBe(owner);
  });
  it('tells how each stood at any moment, with many events too', () => {
    const b = new Book(began);
    b.add(Array.from({ length: 5000 }, (_, i) => [event(i * 10, 'node_started', `each[${i}]/get`), event(i * 10 + 5, 'node_finished', `each[${i}]/get`, { ms: 5 })]).flat());
    for (const at of [0, 4, 5, 12_345, 49_995]) {
      const s = b.at(began + at);
      expect(s.nodes.get('get')?.count ?? 0).toBe(Math.floor((at + 5) / 10));
      expect(s.nodes.get('get')?.state).toBe(at % 10 < 5 ? 'running' : 'done');
    }
    expect(b.list.length).toBe(5000);
    expect(b.span()).toEqual([began, began + 49_995]);
    expect(asOf(nth(b, 3), began + 29)).toBeUndefined();
    expect(asOf(nth(b, 3), began + 32)).toBe('running');
    expect(asOf(nth(b, 3), began + 35)).toBe('done');
  });
  it('counts what came before the run as used, and takes each event once', () => {
    const old = event(-50_000, 'node_finished', 'a', { ms: 5 });
    const b = filled(old);
    b.add([old]);
    expect(b.list).toHaveLength(1);
    expect(b.list[0]?.reused).toBe(true);
  });
  it('ends waits for a time by themselves, and those for a person when they answer', () => {
    const b = filled(event(0, 'waiting', 'pause', { ms: 100 }), event(200, 'waiting', 'ask', { text: 'Well?' }), event(500, 'answered', 'ask', { text: 'yes' }));
    expect(b.list.map((x) => `${x.key} ${x.state} ${took(x, 0)} ${waited(x, 0)}`)).toEqual(['pause done 100 100', 'ask done 300 300']);
    expect(b.logs('ask')).toHaveLength(1);
    expect(asOf(nth(b, 1), began + 300)).toBe('waiting');
  });
  it('tells those who look that it has grown', () => {
    const b = new Book(began);
    let n = 0;
    const stop = b.subscribe(() => n++);
    b.add([event(0, 'log', 'say', { text: 'x' })]);
    stop();
    b.add([event(1, 'log', 'say', { text: 'y' })]);
    expect([n, b.version()]).toEqual([1, 2]);
  });
});

describe('the bars of a row', () => {
  it('are bounded by the pixels there are, and show what failed', () => {
    const b = new Book(began);
    b.add(Array.from({ length: 5000 }, (_, i) => event(i, i === 777 ? 'node_failed' : 'node_finished', `each[${i}]/get`, { ms: 1 })));
    const all = bars(b.of('get'), began, 5000, 500, began + 5000);
    expect(all.length).toBeLessThanOrEqual(500);
    expect(all.some((x) => x.kind === 'failed')).toBe(true);
    expect(bars(b.of('get'), began + 700, 200, 500, began + 5000).filter((x) => x.kind === 'failed')).toHaveLength(1);
  });
  it('have an axis with round times', () => {
    expect(ticks(0, 1000, 500)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(ticks(30, 100, 90)).toEqual([100]);
  });
});

describe('what differs', () => {
  it('is found line by line, and makes the one of the other', () => {
    const lines = diff('a\nb\nc\nd', 'a\nx\nc\nd\ne');
    expect(lines.map((l) => `${l.kind[0]}${l.text}`)).toEqual(['sa', 'tb', 'hx', 'sc', 'sd', 'he']);
    for (const [a, b] of [['', 'x'], ['x', ''], ['a\nb', 'b\na'], ['same', 'same']] as const) {
      expect(diff(a, b).filter((l) => l.kind !== 'here').map((l) => l.text).join('\n')).toBe(a);
      expect(diff(a, b).filter((l) => l.kind !== 'there').map((l) => l.text).join('\n')).toBe(b);
    }
  });
  it('leaves out what is the same, and says how much', () => {
    const same = Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n');
    expect(fold(diff(`${same}\na`, `${same}\nb`))).toHaveLength(1 + 3 + 2);
    expect(fold(diff(same, same))).toEqual([20]);
  });
});

describe('what an execution read', () => {
  it('is found in its parameters, and is of the nearest turn before it', () => {
    expect(reads({ a: '{{ nodes.get.rows + inputs.n }}', b: ['{{ nodes["put it"].x }}'], c: 'nodes.not' })).toEqual({ nodes: ['get', 'put it'], inputs: ['n'] });
    const b = filled(event(0, 'node_finished', 'get'), event(1, 'node_finished', 'each[0]/get'), event(2, 'node_finished', 'each[1]/get'), event(3, 'node_finished', 'each[1]/put'), event(4, 'node_finished', 'each[2]/get'));
    expect(readFrom(b, 'get', get(b, 'each[1]/put'))?.key).toBe('each[1]/get');
    expect(readFrom(b, 'none', get(b, 'each[1]/put'))).toBeUndefined();
  });
});

describe('filters', () => {
  it('mean a time, to the minute', () => {
    const now = Date.parse('2026-11-29T12:00:42Z');
    expect(moment('1h', now)).toBe('2026-11-29T11:00:00.000Z');
    expect(moment('nonsense', now)).toBeUndefined();
    expect(moment(undefined, now)).toBeUndefined();
  });
  it('take what an address says, and nothing else', () => {
    expect(clean({ flow: 'x', error: 404, status: '', other: 'y', since: null })).toEqual({ flow: 'x', error: '404' });
  });
});
