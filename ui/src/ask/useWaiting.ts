import { useQuery } from '@tanstack/react-query';

import { api, must } from '../api/client';
import { useMay } from '../parts/may';

/** What all runs ask, the oldest first. */
export function useWaiting() {
  const may = useMay()('runs.read');
  return useQuery({
    queryKey: ['questions'],
    enabled: may,
    queryFn: () => must(api.GET('/api/v1/questions', { params: { query: { limit: 500 } } })),
    refetchInterval: 10_000,
  });
}

/** How many questions there are that who is signed in may answer; without the questions themselves. */
export function useWaitingCount() {
  const may = useMay()('runs.read');
  const { data } = useQuery({
    queryKey: ['questions', 'count'],
    enabled: may,
    queryFn: () => must(api.GET('/api/v1/questions', { params: { query: { limit: 1 } } })),
    refetchInterval: 10_000,
  });
  return data?.mine ?? 0;
}
