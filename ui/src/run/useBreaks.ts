import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import { api, must } from '../api/client';

/** The breakpoints of a run, a way to set one before a node, with a condition, or take it away, and to let the run pause at once. */
export function useBreaks(run: string, on: boolean) {
  const queries = useQueryClient();
  const key = ['run', run, 'debug'];
  const known = useQuery({ queryKey: key, enabled: on, queryFn: () => must(api.GET('/api/v1/runs/{id}/debug', { params: { path: { id: run } } })) });
  const list = useMemo(() => known.data?.breakpoints ?? [], [known.data]);
  const nodes = useMemo(() => new Set(list.map((b) => b.node)), [list]);
  const told = { onSettled: () => void queries.invalidateQueries({ queryKey: key }), onError: (e: Error) => notifications.show({ color: 'red', title: 'The run was not told', message: e.message }) };
  const set = useMutation({
    mutationFn: (breakpoints: typeof list) => must(api.POST('/api/v1/runs/{id}/debug', { params: { path: { id: run } }, body: { breakpoints } })),
    ...told,
  });
  const pause = useMutation({ mutationFn: () => must(api.POST('/api/v1/runs/{id}/pause', { params: { path: { id: run } } })), ...told });
  const toggle = (node: string) => set.mutate(nodes.has(node) ? list.filter((b) => b.node !== node) : [...list, { node }]);
  const when = (node: string) => list.find((b) => b.node === node)?.when ?? '';
  const setWhen = (node: string, text: string) => set.mutate(list.map((b) => (b.node !== node ? b : text ? { node, when: text } : { node })));
  return { nodes, toggle, when, setWhen, pause, busy: set.isPending || known.isPending };
}
