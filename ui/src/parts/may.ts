import { useQuery } from '@tanstack/react-query';

import { me } from '../router';

/** What the role of who is signed in may do, as the server says: what it may not is not shown. */
export function useMay(): (right: string) => boolean {
  const { data } = useQuery(me);
  const rights = data?.rights ?? [];
  return (right) => rights.includes(right);
}
