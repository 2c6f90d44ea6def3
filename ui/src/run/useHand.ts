import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, must, type Schemas } from '../api/client';
import { me } from '../router';

export type Hand = Schemas['Driving'];

/** Who drives the browser of a run, and how to take it over and hand it back. */
export function useHand(run: string, on: boolean, changed: () => void) {
  const queries = useQueryClient();
  const key = ['hand', run];
  const { data: who } = useQuery(me);
  const asked = useQuery({
    queryKey: key,
    enabled: on,
    queryFn: () => must(api.GET('/api/v1/runs/{id}/hand', { params: { path: { id: run } } })),
    refetchInterval: (q) => (q.state.data?.hand ? 700 : 2000),
  });
  const settled = () => {
    void queries.invalidateQueries({ queryKey: key });
    changed();
  };
  const take = useMutation({
    mutationFn: () => must(api.POST('/api/v1/runs/{id}/hand', { params: { path: { id: run } } })),
    onSuccess: (d) => queries.setQueryData(key, d),
    onSettled: settled,
  });
  const back = useMutation({
    mutationFn: (stay: boolean) => must(api.POST('/api/v1/runs/{id}/hand/back', { params: { path: { id: run } }, body: { stay } })),
    onSettled: settled,
  });
  const hand = on ? asked.data?.hand : undefined;
  return { hand, mine: !!hand && hand.by === who?.name, take, back };
}

export type Handing = ReturnType<typeof useHand>;
