import type { Event } from '../api/events';
import type { Failure } from '../api/client';
import { fold, nodeOf, ownerOf, type NodeState } from './state';

/** One execution of a node: a turn of a loop, a try, a call. Times are milliseconds since 1970. */
export interface Execution {
  /** The path with the try: each[2]/fetch#2. It names the record, and the execution in an address. */
  key: string;
  path: string;
  try: number;
  node: string;
  /** The node of the run's own flow that it belongs to. */
  owner: string;
  type: string;
  state: 'running' | 'waiting' | 'retrying' | 'done' | 'failed' | 'cancelled';
  start: number;
  end?: number;
  /** Waits within it, for a time, a person or a message. The last may be open. */
  waits: { from: number; to?: number }[];
  failure?: Failure;
  /** What was recorded before the run began: it is used and was not done again. */
  reused: boolean;
  /** Something of a page was kept. */
  traced: boolean;
  /** Its number in the order of beginnings, among all and among those of its owner. */
  index: number;
  nth: number;
}

/** Every so many events the states of nodes are kept, so that any moment is a few events away. */
const every = 2000;

/** All that is known of the executions of one run, from its journal. It grows as the run goes on; who looks subscribes. */
export class Book {
  readonly events: Event[] = [];
  readonly list: Execution[] = [];
  private byKey = new Map<string, Execution>();
  private latest = new Map<string, Execution>(); // by path
  private byOwner = new Map<string, Execution[]>();
  private said = new Map<string, Event[]>();
  private times: number[] = [];
  private kept: Map<string, NodeState>[] = [];
  private nodes = new Map<string, NodeState>();
  private seq = 0;
  private readers = new Set<() => void>();

  /** began is when the run began: what is older was recorded by another run. */
  constructor(private began = 0) {}

  subscribe = (f: () => void) => {
    this.readers.add(f);
    return () => this.readers.delete(f);
  };
  /** How many events it knows: what was made of it is stale when this is another. */
  version = () => this.events.length;

  /** Sets when the run began, which a run that was queued does not know at first. */
  start(at: number) {
    this.began ||= at;
  }

  add(events: Event[]) {
    const before = this.events.length;
    for (const e of events) {
      if (e.seq <= this.seq) continue;
      this.seq = e.seq;
      if (this.events.length % every === 0) this.kept.push(new Map(this.nodes));
      this.events.push(e);
      const at = Date.parse(e.at);
      this.times.push(Math.max(at, this.times[this.times.length - 1] ?? 0));
      fold(this.nodes, e);
      this.take(e, at);
    }
    if (this.events.length !== before) this.readers.forEach((f) => f());
  }

  get(key: string | undefined) {
    return key === undefined ? undefined : this.byKey.get(key);
  }

  find = (key: string | undefined) => this.get(key);

  /** The executions that belong to a node of the run's own flow, in the order of their beginnings. */
  of(owner: string): Execution[] {
    return this.byOwner.get(owner) ?? [];
  }

  /** How many executions of a node failed. */
  failures(owner: string): number {
    return this.nodes.get(owner)?.failed ?? 0;
  }

  /** The states of nodes now. */
  present(): { nodes: Map<string, NodeState>; at: number } {
    return { nodes: new Map(this.nodes), at: this.times[this.times.length - 1] ?? 0 };
  }

  /** What an execution, and what is within it, said. */
  logs(path: string): Event[] {
    return this.said.get(path) ?? [];
  }

  /** When the first thing happened that the run did itself, and the last. */
  span(): [number, number] {
    const first = this.times.find((t) => t >= this.began) ?? this.began;
    return [this.began || first, Math.max(this.times[this.times.length - 1] ?? first, first)];
  }

  /** How many events had happened at a moment. */
  until(at: number): number {
    let lo = 0;
    let hi = this.times.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((this.times[mid] ?? 0) <= at) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }

  /** The time of an event. */
  time(index: number): number | undefined {
    return this.times[index];
  }

  /** The states of nodes as of a moment. */
  at(moment: number): { nodes: Map<string, NodeState>; at: number; count: number } {
    const count = this.until(moment);
    const from = Math.min(Math.floor(count / every), this.kept.length - 1);
    const nodes = new Map(from < 0 ? [] : this.kept[from]);
    for (const e of this.events.slice(Math.max(0, from) * every, count)) fold(nodes, e);
    return { nodes, at: moment, count };
  }

  /** The execution that an event is about: what happens within one is about the latest try of its path. */
  private within(e: Event, at: number): Execution {
    return (typeof e.data?.try === 'number' ? undefined : this.latest.get(e.path ?? '')) ?? this.open(e, at);
  }

  private open(e: Event, at: number): Execution {
    const path = e.path ?? '';
    const n = typeof e.data?.try === 'number' ? e.data.try : 1;
    const key = n > 1 ? `${path}#${n}` : path;
    let x = this.byKey.get(key);
    if (!x) {
      const text = (v: unknown) => (typeof v === 'string' ? v : '');
      x = { key, path, try: n, node: text(e.data?.node) || nodeOf(path), owner: ownerOf(path), type: text(e.data?.type), state: 'running', start: at, waits: [], reused: false, traced: false, index: this.list.length, nth: 0 };
      this.byKey.set(key, x);
      this.latest.set(path, x);
      this.list.push(x);
      const own = this.byOwner.get(x.owner);
      if (own) x.nth = own.push(x) - 1;
      else this.byOwner.set(x.owner, [x]);
    }
    return x;
  }

  private end(x: Execution, at: number, state: 'done' | 'failed') {
    x.end = at;
    x.state = state;
    const wait = x.waits[x.waits.length - 1];
    if (wait && wait.to === undefined) wait.to = at;
  }

  private take(e: Event, at: number) {
    if (!e.path) return;
    if (e.data?.paused) return this.say(e); // no execution has begun
    switch (e.kind) {
      case 'node_started': {
        const x = this.open(e, at);
        if (x.end !== undefined) x.start = at; // done again after a crash
        x.state = 'running';
        x.end = undefined;
        break;
      }
      case 'node_finished':
      case 'node_failed': {
        const x = this.open(e, at);
        const ms = typeof e.data?.ms === 'number' ? e.data.ms : 0;
        x.start = Math.min(x.start, at - ms);
        x.reused = this.began > 0 && at < this.began;
        if (e.kind === 'node_failed') x.failure = e.data?.failure as Failure | undefined;
        this.end(x, at, e.kind === 'node_failed' ? 'failed' : 'done');
        break;
      }
      case 'node_retrying': {
        // The next try is waited for: the event names it.
        const x = this.open(e, at);
        x.state = 'retrying';
        x.waits.push({ from: at });
        break;
      }
      case 'waiting': {
        const x = this.within(e, at);
        const ms = typeof e.data?.ms === 'number' ? e.data.ms : undefined;
        const last = x.waits[x.waits.length - 1];
        if (x.state === 'retrying' && last) {
          last.to = ms === undefined ? undefined : at + ms; // the pause before the next try
          break;
        }
        x.state = 'waiting';
        x.end = undefined;
        if (!last || last.to !== undefined) x.waits.push({ from: at, to: ms === undefined ? undefined : at + ms });
        if (ms !== undefined) {
          x.end = at + ms;
          x.state = 'done';
        }
        break;
      }
      case 'answered':
        this.end(this.within(e, at), at, 'done');
        this.say(e);
        break;
      case 'trace':
        this.open(e, at).traced = true;
        break;
      case 'log': {
        // A node that only says something has no beginning and no end of its own.
        const known = this.latest.has(e.path);
        const x = this.within(e, at);
        if (!known) this.end(x, at, 'done');
        this.say(e);
        break;
      }
      default:
        this.say(e);
    }
    if (e.kind === 'node_started') {
      const x = this.open(e, at);
      const wait = x.waits[x.waits.length - 1];
      if (wait && wait.to === undefined) wait.to = at;
    }
  }

  private say(e: Event) {
    const path = e.path ?? '';
    const list = this.said.get(path);
    if (list) list.push(e);
    else this.said.set(path, [e]);
  }
}

/** How an execution stands as of a moment; none if it had not begun. */
export function asOf(x: Execution, at: number): Execution['state'] | undefined {
  if (x.start > at && !x.reused) return undefined;
  if (x.end !== undefined && x.end <= at) return x.state;
  if (x.waits.some((w) => w.from <= at && (w.to === undefined || w.to > at))) return x.state === 'retrying' ? 'retrying' : 'waiting';
  return x.end === undefined ? x.state : 'running';
}

/** How long an execution took, without what it waited; of one at work, until now. */
export function took(x: Execution, now: number): number {
  const end = x.end ?? now;
  return Math.max(0, end - x.start);
}

/** How long it waited. */
export function waited(x: Execution, now: number): number {
  return x.waits.reduce((sum, w) => sum + Math.max(0, (w.to ?? now) - w.from), 0);
}
