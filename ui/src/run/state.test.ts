import { describe, expect, it } from 'vitest';

import type { Event } from '../api/events';
import { readFlow } from '../canvas/flow';
import { Book } from './book';
import { painted } from './state';

const event = (seq: number, kind: string, path: string, data: Record<string, unknown> = {}): Event => ({ run: 'r', seq, kind, path, at: new Date(1_000_000 + seq * 1000).toISOString(), data: { node: path.replace(/^.*\//, ''), ...data } });
const flow = readFlow({
  name: 'f',
  nodes: [{ id: 'each', type: 'flow.for_each' }, { id: 'say', type: 'flow.log' }, { id: 'pause', type: 'flow.wait' }, { id: 'pay', type: 'http.request', title: 'Pay' }, { id: 'stop', type: 'flow.fail' }],
  edges: ['each.body -> say', 'say -> pause', 'each.done -> pay', 'pay.error -> stop'],
});

const told = (...events: Event[]) => {
  const b = new Book();
  b.add(events);
  return b;
};

describe('readFlow', () => {
  it('reads nodes, wires with their ports, and titles', () => {
    expect(flow.nodes.map((n) => n.title)).toEqual(['each', 'say', 'pause', 'Pay', 'stop']);
    expect(flow.edges[0]).toEqual({ from: 'each', port: 'body', to: 'say' });
    expect(flow.edges[1]).toEqual({ from: 'say', port: '', to: 'pause' });
  });
  it('takes anything for a flow without failing', () => {
    for (const odd of [undefined, null, 7, 'x', [], { nodes: 7, edges: [1, null, 'a'] }, { nodes: [null, 3] }]) expect(readFlow(odd).edges).toEqual([]);
  });
});

describe('the state of a run', () => {
  it('counts executions and keeps the last time', () => {
    const b = told(event(1, 'node_started', 'each[0]/pay'), event(2, 'node_finished', 'each[0]/pay', { ms: 40 }), event(3, 'node_failed', 'each[1]/pay', { ms: 7 }));
    expect(b.present().nodes.get('pay')).toMatchObject({ state: 'failed', count: 2, failed: 1, ms: 7, path: 'each[1]/pay' });
  });
  it('takes each event once, whatever the stream sends again', () => {
    const events = [event(1, 'node_finished', 'pay', { ms: 1 }), event(2, 'log', 'say', { text: 'hello' })];
    const b = told(...events);
    b.add(events);
    expect(b.version()).toBe(2);
    b.add([...events, event(3, 'node_finished', 'pay')]);
    expect(b.present().nodes.get('pay')?.count).toBe(2);
  });
  it('paints what was passed without a trace, and the node that failed the run', () => {
    const s = told(event(1, 'log', 'each[0]/say')).present();
    const p = painted(s, flow, 'failed', 'stop');
    expect(p.get('each')?.state).toBe('passed');
    expect(p.get('pay')?.state).toBe('passed');
    expect(p.get('stop')?.state).toBe('failed');
    expect(p.has('pause')).toBe(false);
  });
  it('ends waits for a time when the time is over', () => {
    const b = told(event(1, 'waiting', 'each[0]/pause', { ms: 500 }));
    expect(painted(b.present(), flow, 'running').get('pause')?.state).toBe('waiting');
    b.add([event(3, 'log', 'each[1]/say')]);
    expect(painted(b.present(), flow, 'running').get('pause')?.state).toBe('done');
  });
  it('leaves nothing at work in a run that has ended', () => {
    const s = told(event(1, 'node_started', 'pay')).present();
    expect(painted(s, flow, 'cancelled').get('pay')?.state).toBe('cancelled');
    expect(painted(s, flow, 'running').get('pay')?.state).toBe('running');
  });
});
