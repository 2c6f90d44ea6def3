import { Badge } from '@mantine/core';

import type { Schemas } from '../api/client';

export type Item = Schemas['Item'];

/** The statuses of work items with what people read of them. */
export const itemStatuses = [
  { value: 'new', label: 'New', color: 'blue' },
  { value: 'in_progress', label: 'In progress', color: 'grape' },
  { value: 'successful', label: 'Successful', color: 'green' },
  { value: 'failed', label: 'Failed', color: 'red' },
  { value: 'retried', label: 'Retried', color: 'gray' },
  { value: 'abandoned', label: 'Abandoned', color: 'orange' },
  { value: 'deleted', label: 'Deleted', color: 'gray' },
] as const;
export type ItemStatusName = (typeof itemStatuses)[number]['value'];

/** The status of a work item; the word says it, the colour only helps. */
export function ItemStatus({ item }: { item: Pick<Item, 'status' | 'kind' | 'defer' | 'sla'> }) {
  const known = itemStatuses.find((s) => s.value === item.status);
  const color = known?.color ?? 'gray';
  const kind = item.status === 'failed' && item.kind ? `, ${item.kind}` : '';
  return <Badge color={color} variant="light" size="sm" radius="sm" tt="none" className="status" data-color={color}>{known?.label ?? item.status}{kind}</Badge>;
}

/** That an item is late, or at risk of it. */
export function Sla({ item }: { item: Pick<Item, 'sla'> }) {
  if (!item.sla) return null;
  const late = item.sla === 'late';
  return <Badge color={late ? 'red' : 'orange'} variant="light" size="sm" radius="sm" tt="none" className="status" data-color={late ? 'red' : 'orange'}>{late ? 'Late' : 'At risk'}</Badge>;
}

/** What may be done to an item in its state, see the server's table of states. */
export const can = {
  edit: (i: Item) => i.status === 'new' || i.status === 'failed' || i.status === 'abandoned',
  retry: (i: Item) => i.status === 'failed' || i.status === 'abandoned',
  review: (i: Item) => i.status !== 'new' && i.status !== 'in_progress',
  drop: (i: Item) => i.status !== 'in_progress' && i.status !== 'retried' && i.status !== 'deleted',
};
