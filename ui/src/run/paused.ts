import type { Run } from '../api/client';

/** A value as it is shown of a paused run: whole, cut, or why there is none. */
export interface ShownValue {
  value?: unknown;
  kind?: string;
  cut?: boolean;
  error?: string;
}

/** A line of a run that is paused before a node. */
export interface PausedLine {
  path: string;
  paused: {
    /** How often it was told something there. */
    told: number;
    why: string;
    note?: string;
    node: string;
    type: string;
    flow: string;
    vars: Record<string, ShownValue>;
    input?: Record<string, ShownValue>;
    loop?: ShownValue;
  };
}

/** The lines of a run that are paused. */
export function pausedOf(run: Pick<Run, 'waits' | 'paused'>): PausedLine[] {
  if (!run.paused || !Array.isArray(run.waits)) return [];
  return (run.waits as Partial<PausedLine>[]).filter((w): w is PausedLine => !!w.paused && !!w.path);
}

/** A value as one line of JSON. */
export function shortly(s: ShownValue): string {
  if (s.error) return s.error;
  if (s.value === undefined) return s.cut ? `${s.kind ?? 'value'}, too large to be shown` : '';
  return JSON.stringify(s.value) + (s.cut ? '…' : '');
}

export type Command = 'continue' | 'over' | 'into' | 'out' | 'stop';

/** The command that a key means while a run is paused. */
export function commandOf(e: { key: string; shiftKey: boolean; ctrlKey: boolean; altKey: boolean; metaKey: boolean }): Command | undefined {
  if (e.ctrlKey || e.altKey || e.metaKey) return undefined;
  if (e.key === 'F11') return e.shiftKey ? 'out' : 'into';
  if (e.shiftKey) return undefined;
  return e.key === 'F8' ? 'continue' : e.key === 'F10' ? 'over' : undefined;
}

/** Whether a key goes to a browser that is driven in these pages. */
export const inBrowser = (e: Event) => e.target instanceof Element && e.target.closest('.screen') !== null;
