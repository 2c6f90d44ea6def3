import { useMutation } from '@tanstack/react-query';

import { api, must } from '../../api/client';
import type { Model } from '../model';
import type { Bench, Break, Mode } from './bench';

/** Starts development runs: of a node alone, to a node, from a node. */
export function useTry(model: Model, bench: Bench) {
  return useMutation({
    mutationFn: async ({ mode, node, run, at, stops }: { mode: Mode; node: string; run?: string; at?: string; stops?: Break[] }) => {
      const name = model.flow().name;
      const text = model.file();
      const file = text.trimStart().startsWith('{') ? 'flow.json' : 'flow.yaml';
      const pins = Object.fromEntries(Object.entries(bench.pins).filter(([id]) => model.flow().byId.has(id) && !(mode === 'node' && id === node)));
      const made = await must(
        api.POST('/api/v1/flows/{name}/try', {
          params: { path: { name } },
          body: { files: { [file]: text }, main: file, base: model.base.digest || undefined, mode, node, run: run || undefined, at: at || undefined, pins, breakpoints: stops },
        }),
      );
      return { run: made.run, mode, node };
    },
    onSuccess: (t) => bench.started(t),
  });
}
