import { api, must } from '../api/client';

/** How far the demo has come, and whether it can be run here. */
export const demo = {
  queryKey: ['demo'],
  queryFn: () => must(api.GET('/api/v1/demo')),
};
