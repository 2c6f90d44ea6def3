import { useSyncExternalStore } from 'react';

import type { Model } from './model';

const none: readonly string[] = [];

/** What is chosen: ids of nodes, and `note:2` or `frame:0` for what lies beside them. */
export class Selection {
  private chosen: readonly string[] = none;
  private readonly listeners = new Set<() => void>();

  readonly ids = (): readonly string[] => this.chosen;
  /** The nodes among them. */
  readonly nodes = (): string[] => this.chosen.filter((id) => !id.includes(':'));
  readonly subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  };
  readonly set = (ids: readonly string[]): void => {
    if (ids.length === this.chosen.length && ids.every((id, i) => id === this.chosen[i])) return;
    this.chosen = ids.length ? ids : none;
    for (const f of this.listeners) f();
  };
  /** Lets go of what is there no more. */
  readonly keep = (there: (id: string) => boolean): void => this.set(this.chosen.filter(there));
}

/** What is chosen, whenever it changes. */
export function useSelection(model: Model): readonly string[] {
  return useSyncExternalStore(model.selection.subscribe, model.selection.ids);
}
