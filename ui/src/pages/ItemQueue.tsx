import '../ops/ops.css';

import { Button, Group, Modal, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { Confirm } from '../ops/Confirm';
import { CsvImport } from '../ops/CsvImport';
import { count } from '../ops/format';
import { ItemForm } from '../ops/ItemForm';
import { ItemGrid } from '../ops/ItemGrid';
import { ItemPanel } from '../ops/ItemPanel';
import { can, itemStatuses, type ItemStatusName } from '../ops/itemWords';
import { useMay } from '../parts/may';
import { QueueForm } from '../ops/QueueForm';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { Days } from './Items';

type Action = 'retry' | 'delete' | 'review';
const done = { retry: 'tried again', delete: 'deleted', review: 'reviewed' };

function Refused({ list, onClose }: { list: Schemas['BulkRefuse'][]; onClose: () => void }) {
  return (
    <Modal opened={list.length > 0} onClose={onClose} title={`${count(list.length, 'item')} stayed as ${list.length === 1 ? 'it is' : 'they are'}`}>
      <Table fz="sm">
        <Table.Thead><Table.Tr><Table.Th>Item</Table.Th><Table.Th>Why</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>{list.slice(0, 200).map((r) => <Table.Tr key={r.item}><Table.Td>{r.item}</Table.Td><Table.Td className="wrap">{r.error}</Table.Td></Table.Tr>)}</Table.Tbody>
      </Table>
    </Modal>
  );
}

/** The work items of a queue. */
export default function ItemQueue() {
  const { queue: name } = useParams({ from: '/inside/items/$queue' });
  const { status, sla, search, item } = useSearch({ from: '/inside/items/$queue' });
  const go = useNavigate({ from: '/items/$queue' });
  const may = useMay();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<Set<number>>(new Set());
  const [dialog, setDialog] = useState<'' | 'add' | 'import' | 'settings' | 'delete'>('');
  const [refused, setRefused] = useState<Schemas['BulkRefuse'][]>([]);
  const queues = useQuery({ queryKey: ['item-queues'], queryFn: () => must(api.GET('/api/v1/queues')) });
  const queue = queues.data?.items?.find((q) => q.name === name);
  const stats = useQuery({ queryKey: ['item-stats', name], queryFn: () => must(api.GET('/api/v1/stats/items', { params: { query: { queue: name, days: 30 } } })), refetchInterval: 5000 });
  const list = useInfiniteQuery({
    queryKey: ['items', name, status ?? '', sla ?? '', search ?? ''],
    enabled: !!queue,
    queryFn: ({ pageParam }) => must(api.GET('/api/v1/queues/{name}/items', { params: { path: { name }, query: { limit: 200, cursor: pageParam, order: 'newest', status: status as ItemStatusName | undefined, sla, search } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: (q) => ((q.state.data?.pages.length ?? 0) > 2 ? false : 5000),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const setSearch = useDebouncedCallback((v: string) => void go({ search: (s) => ({ ...s, search: v || undefined }), replace: true }), 300);
  const refresh = () => {
    setChosen(new Set());
    for (const key of ['items', 'item', 'item-stats', 'item-queues']) void queries.invalidateQueries({ queryKey: [key] });
  };
  const bulk = useMutation({
    mutationFn: (b: { action: Action; items: number[] }) => must(api.POST('/api/v1/items/bulk', { body: { ...b, review: b.action === 'review' ? 'verified' : undefined } })),
    onSuccess: (r, b) => {
      setDialog('');
      refresh();
      if (r.done > 0) notifications.show({ color: 'green', message: `${count(r.done, 'item was', 'items were')} ${done[b.action]}.` });
      setRefused(r.refused ?? []);
    },
    onError: (e: Error) => notifications.show({ color: 'red', message: e.message }),
  });
  const of = stats.data?.items?.[0];
  const items = list.data?.pages.flatMap((p) => p.items ?? []) ?? [];
  const filtered = !!status || !!sla || !!search;
  const known = !hasNextPage ? items.length : status && !sla && !search ? (of?.counts[status] ?? items.length) : filtered ? items.length : Object.values(of?.counts ?? {}).reduce((a, b) => a + b, 0);
  const picked = items.filter((i) => chosen.has(i.id));
  const fit = { retry: picked.filter(can.retry), delete: picked.filter(can.drop), review: picked.filter(can.review) };
  const write = may('items.write');
  if (queues.error) return <Wrong error={queues.error} again={() => void queues.refetch()} />;
  if (queues.data && !queue) return <Empty title={`There is no queue ${name}`}><Link to="/items">All queues of work items</Link></Empty>;
  return (
    <Stack className="page">
      <Group justify="space-between" align="end">
        <div>
          <Text size="sm"><Link to="/items">Work items</Link></Text>
          <Title order={1} size="h2" className="wrap">{name}</Title>
          {queue?.description && <Text size="sm" c="dimmed">{queue.description}</Text>}
        </div>
        <Group gap="xs">
          {may('queues.write') && queue && <Button variant="default" onClick={() => setDialog('settings')}>Settings…</Button>}
          {write && queue && <Button variant="default" onClick={() => setDialog('import')}>Import CSV…</Button>}
          {write && queue && <Button onClick={() => setDialog('add')}>Add an item…</Button>}
        </Group>
      </Group>
      {of && <Days stats={of} height={150} legend />}
      <Group align="end" gap="sm">
        <Select label="Status" placeholder="Any" clearable data={itemStatuses.map((s) => ({ value: s.value, label: `${s.label} (${(of?.counts[s.value] ?? 0).toLocaleString('en')})` }))} value={status ?? null} onChange={(v) => void go({ search: (s) => ({ ...s, status: v ?? undefined }) })} w={190} />
        <Select label="Due" placeholder="Any" clearable data={[{ value: 'late', label: `Late (${of?.late ?? 0})` }, { value: 'at_risk', label: `At risk (${of?.at_risk ?? 0})` }]} value={sla ?? null} onChange={(v) => void go({ search: (s) => ({ ...s, sla: (v ?? undefined) as 'late' | 'at_risk' | undefined }) })} w={150} />
        <TextInput label="Search" placeholder="Reference, reason or content" defaultValue={search} onChange={(e) => setSearch(e.currentTarget.value)} w={240} />
        <Text size="sm" c="dimmed" pb={8} role="status">{list.isPending ? '' : count(known, 'item')}{!list.isPending && hasNextPage && filtered && known === items.length ? ' and more' : ''}</Text>
      </Group>
      {write && picked.length > 0 && (
        <Group gap="xs">
          <Text size="sm">{picked.length} chosen</Text>
          <Button size="xs" disabled={fit.retry.length === 0} loading={bulk.isPending && bulk.variables.action === 'retry'} onClick={() => bulk.mutate({ action: 'retry', items: fit.retry.map((i) => i.id) })}>Try again ({fit.retry.length})</Button>
          <Button size="xs" variant="default" disabled={fit.review.length === 0} loading={bulk.isPending && bulk.variables.action === 'review'} onClick={() => bulk.mutate({ action: 'review', items: fit.review.map((i) => i.id) })}>Mark as verified ({fit.review.length})</Button>
          <Button size="xs" variant="light" color="red" disabled={fit.delete.length === 0} onClick={() => setDialog('delete')}>Delete… ({fit.delete.length})</Button>
        </Group>
      )}
      {list.error ? <Wrong error={list.error} again={() => void list.refetch()} /> : null}
      {list.isPending ? <Loading /> : items.length === 0 ? (
        <Empty title={filtered ? 'No item fits' : 'The queue is empty'}>
          {filtered ? <Button variant="light" onClick={() => void go({ search: {} })}>Show all items</Button> : 'Add one by a form, import a CSV file, or let a flow add them with item.add.'}
        </Empty>
      ) : (
        <ItemGrid items={items} total={known} chosen={chosen} choice={write} open={item} onChoose={setChosen} onOpen={(id) => void go({ search: (s) => ({ ...s, item: id }) })} onEnd={more} />
      )}
      {queue && (
        <>
          <ItemPanel id={item} queue={queue} onShow={(id) => void go({ search: (s) => ({ ...s, item: id }) })} onClose={() => void go({ search: (s) => ({ ...s, item: undefined }) })} />
          <ItemForm
            queue={queue}
            opened={dialog === 'add'}
            onClose={() => setDialog('')}
            onDone={() => {
              setDialog('');
              refresh();
            }}
          />
          <CsvImport queue={name} opened={dialog === 'import'} onClose={() => setDialog('')} onDone={refresh} />
          <QueueForm
            queue={queue}
            opened={dialog === 'settings'}
            onClose={() => setDialog('')}
            onDone={() => {
              setDialog('');
              refresh();
            }}
          />
        </>
      )}
      <Confirm opened={dialog === 'delete'} title={`Delete ${count(fit.delete.length, 'item')}?`} yes="Delete" pending={bulk.isPending} onYes={() => bulk.mutate({ action: 'delete', items: fit.delete.map((i) => i.id) })} onClose={() => setDialog('')}>
        No run takes them any more. They stay to be seen among the deleted ones.
      </Confirm>
      <Refused list={refused} onClose={() => setRefused([])} />
    </Stack>
  );
}
