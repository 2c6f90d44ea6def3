import { useSyncExternalStore } from 'react';

import type { Event } from '../../api/events';
import { add, nothing, type Heard } from '../../run/state';
import type { Model } from '../model';

export type Pins = Record<string, Record<string, unknown>>;
export type Mode = 'node' | 'to' | 'from';

/** A breakpoint before a node, at each time or only where an expression is true. */
export interface Break {
  node: string;
  when?: string;
}

/** A development run that was started here. */
export interface Trying {
  run: string;
  node: string;
  mode: Mode;
  state: Heard;
  /** How it ended; nothing while it goes on. */
  ended: boolean;
}

const keyOf = (flow: string) => `aether.pins.${flow}`;
const breaksOf = (flow: string) => `aether.breaks.${flow}`;

/**
 * What a flow is tried on while it is written: the run whose records are used, the pinned outputs, and the development run
 * under way. Pinned outputs are kept by this browser and not in the flow's file: they are data of whoever tries
 * something, may be secret or large, and must never reach production.
 */
export class Bench {
  /** The run whose records are used; undefined for the newest, empty for none. */
  run: string | undefined;
  /** The execution that is looked at, by node. */
  readonly at = new Map<string, string>();
  pins: Pins = {};
  /** Where a run that is tried with breakpoints stops. */
  breaks: Break[] = [];
  trying: Trying | null = null;
  private flow = '';
  private count = 0;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly model: Model) {}

  readonly subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  };
  readonly version = (): number => this.count;

  /** Reads what is pinned in a flow. */
  readonly open = (flow: string): void => {
    if (flow === this.flow) return;
    this.flow = flow;
    this.pins = {};
    try {
      const v: unknown = JSON.parse(localStorage.getItem(keyOf(flow)) ?? '{}');
      if (v && typeof v === 'object') this.pins = v as Pins;
    } catch {
      // What cannot be read is not pinned.
    }
    this.breaks = [];
    try {
      const v: unknown = JSON.parse(localStorage.getItem(breaksOf(flow)) ?? '[]');
      if (Array.isArray(v)) this.breaks = v.flatMap(readBreak);
    } catch {
      // What cannot be read is no breakpoint.
    }
    this.changed();
  };
  /** Sets a breakpoint before a node or takes it away, and says which. */
  readonly toggleBreak = (node: string): boolean => {
    const set = !this.breaks.some((b) => b.node === node);
    this.keepBreaks(set ? [...this.breaks, { node }] : this.breaks.filter((b) => b.node !== node));
    return set;
  };
  /** Gives a breakpoint a condition; an empty one takes it away. */
  readonly breakWhen = (node: string, when: string): void => this.keepBreaks(this.breaks.map((b) => (b.node !== node ? b : when ? { node, when } : { node })));
  readonly clearBreaks = (): void => this.keepBreaks([]);
  private keepBreaks(all: Break[]): void {
    this.breaks = all;
    this.changed();
    try {
      if (all.length) localStorage.setItem(breaksOf(this.flow), JSON.stringify(all));
      else localStorage.removeItem(breaksOf(this.flow));
    } catch {
      // A browser without room forgets them when the page is left.
    }
  }
  /** Pins an output to a node, or takes it away. It says why it is kept only until the page is left, if so. */
  readonly pin = (node: string, out: Record<string, unknown> | undefined): string | undefined => {
    const rest = Object.fromEntries(Object.entries(this.pins).filter(([id]) => id !== node));
    this.pins = out ? { ...rest, [node]: out } : rest;
    this.changed();
    try {
      if (Object.keys(this.pins).length) localStorage.setItem(keyOf(this.flow), JSON.stringify(this.pins));
      else localStorage.removeItem(keyOf(this.flow));
    } catch {
      return 'This browser has no room to keep the pinned data: it is lost when you leave the page.';
    }
    return undefined;
  };
  /** Takes all pins away. */
  readonly unpin = (): void => {
    for (const id of Object.keys(this.pins)) this.pin(id, undefined);
  };
  readonly choose = (run: string | undefined): void => {
    this.run = run;
    this.at.clear();
    this.changed();
  };
  readonly look = (node: string, at: string): void => {
    this.at.set(node, at);
    this.changed();
  };
  readonly started = (t: Pick<Trying, 'run' | 'node' | 'mode'>): void => {
    this.trying = { ...t, state: nothing, ended: false };
    this.changed();
  };
  readonly heard = (run: string, events: Event[]): void => {
    if (this.trying?.run !== run) return;
    this.trying = { ...this.trying, state: add(this.trying.state, events) };
    this.changed();
  };
  /** A development run has ended: its records are used from now on. */
  readonly ended = (run: string): void => {
    if (this.trying?.run !== run) return;
    this.trying = { ...this.trying, ended: true };
    this.run = run;
    this.changed();
  };
  readonly dismiss = (): void => {
    this.trying = null;
    this.changed();
  };

  private changed(): void {
    this.count++;
    this.model.painted.set(this.trying?.state.nodes ?? null);
    if (this.breaks.length !== this.model.breaks.get().size || this.breaks.some((b) => !this.model.breaks.get().has(b.node))) this.model.breaks.set(new Set(this.breaks.map((b) => b.node)));
    const ids = Object.keys(this.pins);
    if (ids.length !== this.model.pinned.get().size || ids.some((id) => !this.model.pinned.get().has(id))) this.model.pinned.set(new Set(ids));
    for (const f of this.listeners) f();
  }
}

function readBreak(v: unknown): Break[] {
  if (typeof v !== 'object' || v === null || !('node' in v) || typeof v.node !== 'string') return [];
  return 'when' in v && typeof v.when === 'string' && v.when ? [{ node: v.node, when: v.when }] : [{ node: v.node }];
}

const benches = new WeakMap<Model, Bench>();

/** The bench of a model. */
export function benchOf(model: Model): Bench {
  let b = benches.get(model);
  if (!b) benches.set(model, (b = new Bench(model)));
  return b;
}

/** The bench of a model, whenever it changes. */
export function useBench(model: Model): Bench {
  const b = benchOf(model);
  useSyncExternalStore(b.subscribe, b.version);
  return b;
}
