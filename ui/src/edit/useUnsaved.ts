import { useEffect, useMemo } from 'react';

import { keepText } from './kept';
import type { Model, Problem } from './model';

/** Keeps what is not saved, so that a page that is left or lost costs nothing. */
export function useUnsaved(model: Model, name: string) {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const keep = () => keepText(name, model.dirty() && (model.base.digest || model.flow().nodes.length) ? { text: model.text(), digest: model.base.digest } : null);
    const off = model.subscribe(() => {
      clearTimeout(timer);
      timer = setTimeout(keep, 300);
    });
    const leave = () => keep();
    window.addEventListener('pagehide', leave);
    return () => {
      off();
      clearTimeout(timer);
      window.removeEventListener('pagehide', leave);
      keep();
    };
  }, [model, name]);
}

/** The problems of each node. */
export function useProblems(problems: readonly Problem[] | undefined): Map<string, Problem[]> {
  return useMemo(() => {
    const out = new Map<string, Problem[]>();
    for (const p of problems ?? []) if (p.node) out.set(p.node, [...(out.get(p.node) ?? []), p]);
    return out;
  }, [problems]);
}
