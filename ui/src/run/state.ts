import type { Event } from '../api/events';
import type { FlowDoc } from '../canvas/flow';

/** What is known of one node of a flow in a run, over all its executions. */
export interface NodeState {
  state: 'idle' | 'running' | 'waiting' | 'retrying' | 'paused' | 'done' | 'failed' | 'passed' | 'cancelled';
  /** How many executions have ended. */
  count: number;
  failed: number;
  /** How long the last execution took, in milliseconds. */
  ms?: number;
  /** When a wait for a time is over, in milliseconds since 1970. */
  until?: number;
  /** The execution that was heard of last. */
  path: string;
  /** What it was before the run paused there; nothing if it had not been reached. */
  before?: NodeState['state'];
  /** What else is to be said at the node, such as that it is the first that differs. */
  note?: string;
}

/** The states of a run's nodes by their ids, as of a moment in milliseconds since 1970. */
export interface RunState {
  nodes: Map<string, NodeState>;
  at: number;
}

/** The node that a path such as each[2]/fetch ends with, for events that do not name it. */
export function nodeOf(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.replace(/[[(.!#@].*$/, '');
}

/**
 * The node of the run's own flow that an execution belongs to: the one that its path ends with, or the one that calls
 * the flow in which it is. A turn of a loop has a number, a way back the sign @; what has neither calls a flow.
 */
export function ownerOf(path: string): string {
  const parts = path.split('/');
  return nodeOf(parts.find((p, i) => i === parts.length - 1 || !/[[@]/.test(p)) ?? path);
}

const states: Record<string, NodeState['state']> = {
  node_started: 'running',
  node_finished: 'done',
  node_failed: 'failed',
  node_retrying: 'retrying',
  waiting: 'waiting',
  answered: 'done',
  progress: 'running',
  log: 'done',
};

/** Takes one event into the states of nodes. */
export function fold(nodes: Map<string, NodeState>, e: Event) {
  const state = states[e.kind];
  if (!state || !e.path) return;
  const id = ownerOf(e.path);
  const inner = id !== nodeOf(e.path); // in a flow that the node calls
  const old = nodes.get(id);
  if (e.data?.paused) {
    // The node has not begun: it is as it was when the run goes on.
    const before = old?.state === 'paused' ? old.before : old?.state;
    if (state === 'waiting') nodes.set(id, { ...(old ?? { count: 0, failed: 0 }), state: 'paused', before, path: e.path });
    else if (old && before) nodes.set(id, { ...old, state: before, before: undefined });
    else nodes.delete(id);
    return;
  }
  const ended = e.kind === 'node_finished' || e.kind === 'node_failed';
  nodes.set(id, {
    state: state === 'done' && old?.failed && old.path === e.path && e.kind === 'log' ? old.state : state,
    count: (old?.count ?? 0) + (!inner && (ended || e.kind === 'log') ? 1 : 0),
    failed: (old?.failed ?? 0) + (e.kind === 'node_failed' ? 1 : 0),
    until: e.kind === 'waiting' && typeof e.data?.ms === 'number' ? Date.parse(e.at) + e.data.ms : undefined,
    ms: ended && typeof e.data?.ms === 'number' ? e.data.ms : old?.ms,
    path: e.path,
  });
}

/** The states of nodes for pages that need no history, with the number of the last event, so that none counts twice. */
export interface Heard extends RunState {
  seq: number;
}

export const nothing: Heard = { nodes: new Map(), at: 0, seq: 0 };

/** Takes events into account. It gives a new state and leaves the old one as it was. */
export function add(s: Heard, events: Event[]): Heard {
  const fresh = events.filter((e) => e.seq > s.seq);
  if (!fresh.length) return s;
  const nodes = new Map(s.nodes);
  let { at, seq } = s;
  for (const e of fresh) {
    fold(nodes, e);
    at = Math.max(at, Date.parse(e.at));
    seq = Math.max(seq, e.seq);
  }
  return { nodes, at, seq };
}

/** The nodes that left no trace and were passed all the same: what stands behind them was reached. */
export function passed(doc: FlowDoc, reached: (id: string) => boolean): Set<string> {
  const out = new Set<string>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const e of doc.edges) {
      if (out.has(e.from) || reached(e.from) || !(out.has(e.to) || reached(e.to))) continue;
      out.add(e.from);
      changed = true;
    }
  }
  return out;
}

/**
 * What to paint. Nodes without effect leave nothing in the journal: they were passed if what stands behind them was
 * reached. What was at work when the run ended was not ended. failed is the node that the run failed at.
 */
export function painted(s: RunState, doc: FlowDoc, status: string, failed?: string): Map<string, NodeState> {
  const out = new Map(s.nodes);
  if (failed && doc.nodes.some((n) => n.id === failed)) {
    const old = out.get(failed);
    out.set(failed, { state: 'failed', count: old?.count ?? 0, failed: Math.max(1, old?.failed ?? 0), ms: old?.ms, path: old?.path ?? failed });
  }
  const over = status === 'done' || status === 'failed' || status === 'cancelled';
  for (const id of passed(doc, (id) => out.has(id))) out.set(id, { state: 'passed', count: 0, failed: 0, path: '' });
  for (const [id, n] of out) {
    if (n.state === 'waiting' && n.until && n.until <= s.at) {
      out.set(id, { ...n, state: 'done' });
      continue;
    }
    if (over && (n.state === 'running' || n.state === 'waiting' || n.state === 'retrying' || n.state === 'paused')) {
      out.set(id, { ...n, state: status === 'done' ? 'done' : status === 'failed' ? 'failed' : 'cancelled' });
    }
  }
  return out;
}
