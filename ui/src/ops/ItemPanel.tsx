import { Anchor, Button, Drawer, Group, Select, Stack, Table, Tabs, Text, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { Json } from '../parts/Json';
import { Loading, Wrong } from '../parts/Notice';
import { When } from '../parts/When';
import { Confirm } from './Confirm';
import { bytes } from './format';
import { ItemForm } from './ItemForm';
import { can, ItemStatus, Sla, type Item } from './itemWords';
import { useMay } from '../parts/may';

const reviews = [
  { value: 'in_review', label: 'In review' },
  { value: 'verified', label: 'Verified' },
  { value: 'none', label: 'None' },
] as const;
type ReviewName = (typeof reviews)[number]['value'];

function Review({ item, onDone }: { item: Item; onDone: () => void }) {
  const [review, setReview] = useState<ReviewName>(item.review === 'in_review' || item.review === 'verified' ? item.review : 'verified');
  const [comment, setComment] = useState('');
  const send = useMutation({
    mutationFn: () => must(api.POST('/api/v1/items/{id}/review', { params: { path: { id: item.id }, header: { 'If-Match': item.version } }, body: { review, comment: comment || undefined } })),
    onSuccess: () => {
      setComment('');
      onDone();
    },
  });
  return (
    <Stack gap="xs" component="section" aria-label="Review">
      {item.reviewer && <Text size="sm">{item.review ? (reviews.find((r) => r.value === item.review)?.label ?? item.review) : 'No review'}, by {item.reviewer}{item.comment ? `: ${item.comment}` : ''}</Text>}
      <Select label="Review" data={[...reviews]} allowDeselect={false} value={review} onChange={(v) => setReview((v ?? 'none') as ReviewName)} maw={220} />
      <Textarea label="Comment" autosize maxLength={2000} value={comment} onChange={(e) => setComment(e.currentTarget.value)} />
      {send.error && <Wrong error={send.error} />}
      <Group><Button size="xs" variant="default" loading={send.isPending} onClick={() => send.mutate()}>Save the review</Button></Group>
    </Stack>
  );
}

function Facts({ item }: { item: Item }) {
  return (
    <dl className="facts">
      <dt>Reference</dt><dd>{item.reference || '–'}</dd>
      <dt>Priority</dt><dd>{item.priority}</dd>
      <dt>Added</dt><dd><When at={item.created} /></dd>
      {item.defer && <><dt>Not before</dt><dd><When at={item.defer} /></dd></>}
      {item.due && <><dt>Due</dt><dd><When at={item.due} /></dd></>}
      {item.started && <><dt>Taken</dt><dd><When at={item.started} />{item.taken > 1 ? `, ${item.taken} times in all` : ''}</dd></>}
      {item.ended && <><dt>Ended</dt><dd><When at={item.ended} /></dd></>}
      {item.run && <><dt>Run</dt><dd><Link to="/runs/$id" params={{ id: item.run }} className="mono">{item.run}</Link>{item.robot ? ` on ${item.robot}` : ''}</dd></>}
      {item.progress && <><dt>Progress</dt><dd>{item.progress}</dd></>}
      {item.reason && <><dt>Reason</dt><dd>{item.reason}</dd></>}
    </dl>
  );
}

function History({ chain, shown, onShow }: { chain: Item[]; shown: number; onShow: (id: number) => void }) {
  return (
    <Table verticalSpacing={6} fz="sm">
      <Table.Thead><Table.Tr><Table.Th>Item</Table.Th><Table.Th>Status</Table.Th><Table.Th>Run</Table.Th><Table.Th>Ended</Table.Th></Table.Tr></Table.Thead>
      <Table.Tbody>
        {chain.map((i) => (
          <Table.Tr key={i.id} fw={i.id === shown ? 600 : undefined}>
            <Table.Td><button type="button" className="as-link" aria-current={i.id === shown || undefined} onClick={() => onShow(i.id)}>{i.id}</button>{i.retry_no > 0 && <Text size="xs" c="dimmed">retry {i.retry_no}</Text>}</Table.Td>
            <Table.Td><ItemStatus item={i} />{i.reason && <Text size="xs" className="wrap">{i.reason}</Text>}</Table.Td>
            <Table.Td className="wrap">{i.run ? <Link to="/runs/$id" params={{ id: i.run }} className="mono">{i.run}</Link> : '–'}</Table.Td>
            <Table.Td><When at={i.ended} /></Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

interface Props {
  id: number | undefined;
  queue: Schemas['Queue'];
  onShow: (id: number) => void;
  onClose: () => void;
}

/** A work item: what it holds, what became of it, what can be done with it. */
export function ItemPanel({ id, queue, onShow, onClose }: Props) {
  const may = useMay();
  const queries = useQueryClient();
  const [editing, setEditing] = useState(false);
  const [dropping, setDropping] = useState(false);
  const got = useQuery({ queryKey: ['item', id], enabled: id !== undefined, refetchInterval: editing ? false : 5000, queryFn: () => must(api.GET('/api/v1/items/{id}', { params: { path: { id: id ?? 0 } } })) });
  const chain = got.data?.items ?? [];
  const item = chain.find((i) => i.id === id);
  const refresh = () => {
    for (const key of ['item', 'items', 'item-stats']) void queries.invalidateQueries({ queryKey: [key] });
  };
  const retry = useMutation({
    mutationFn: (of: number) => must(api.POST('/api/v1/items/{id}/retry', { params: { path: { id: of } } })),
    onSuccess: (made) => {
      refresh();
      onShow(made.item);
    },
  });
  const drop = useMutation({
    mutationFn: (of: Item) => must(api.DELETE('/api/v1/items/{id}', { params: { path: { id: of.id }, header: { 'If-Match': of.version } } })),
    onSuccess: () => {
      setDropping(false);
      refresh();
    },
  });
  const files = Object.entries(item?.files ?? {});
  return (
    <Drawer opened={id !== undefined} onClose={onClose} position="right" size="lg" title={`Item ${id ?? ''}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      {got.error ? <Wrong error={got.error} again={() => void got.refetch()} /> : !item ? <Loading /> : (
        <Stack>
          <Group gap="xs"><ItemStatus item={item} /><Sla item={item} />{item.died ? <Text size="sm">{item.died} of its runs died</Text> : null}</Group>
          {may('items.write') && (
            <Group gap="xs">
              {can.edit(item) && <Button size="xs" variant="default" onClick={() => setEditing(true)}>Edit…</Button>}
              {can.retry(item) && <Button size="xs" loading={retry.isPending} onClick={() => retry.mutate(item.id)}>Try again</Button>}
              {can.drop(item) && <Button size="xs" variant="light" color="red" onClick={() => setDropping(true)}>Delete…</Button>}
            </Group>
          )}
          {retry.error && <Wrong error={retry.error} />}
          <Facts item={item} />
          <Tabs defaultValue="content" keepMounted={false}>
            <Tabs.List>
              <Tabs.Tab value="content">Content</Tabs.Tab>
              <Tabs.Tab value="output">Output</Tabs.Tab>
              <Tabs.Tab value="history">History</Tabs.Tab>
              <Tabs.Tab value="files">Files{files.length > 0 ? ` (${files.length})` : ''}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="content" pt="sm"><Json value={item.content} label="Content" /></Tabs.Panel>
            <Tabs.Panel value="output" pt="sm">
              <Stack gap="sm">
                {item.output === undefined && item.details === undefined && item.analytics === undefined && <Text size="sm" c="dimmed">It has no output.</Text>}
                {item.output !== undefined && <Json value={item.output} label="Output" />}
                {item.details !== undefined && <><Text size="sm" fw={600}>Details of the failure</Text><Json value={item.details} label="Details" /></>}
                {item.analytics !== undefined && <><Text size="sm" fw={600}>Analytics</Text><Json value={item.analytics} label="Analytics" /></>}
              </Stack>
            </Tabs.Panel>
            <Tabs.Panel value="history" pt="sm"><History chain={chain} shown={item.id} onShow={onShow} /></Tabs.Panel>
            <Tabs.Panel value="files" pt="sm">
              {files.length === 0 ? <Text size="sm" c="dimmed">It has no files.</Text> : (
                <Stack gap={4}>{files.map(([name, f]) => <Text size="sm" key={name} className="wrap"><Anchor href={`/api/v1/items/${item.id}/files/${f.digest}`} download={name}>{name}</Anchor>, {bytes(f.size)}</Text>)}</Stack>
              )}
            </Tabs.Panel>
          </Tabs>
          {may('items.write') && can.review(item) && <Review key={`${item.id}/${item.version}`} item={item} onDone={refresh} />}
          <ItemForm
            queue={queue}
            item={item}
            opened={editing}
            onClose={() => setEditing(false)}
            onDone={() => {
              setEditing(false);
              refresh();
            }}
          />
          <Confirm opened={dropping} title={`Delete item ${item.id}?`} yes="Delete" pending={drop.isPending} error={drop.error} onYes={() => drop.mutate(item)} onClose={() => setDropping(false)}>
            No run takes it any more. It stays to be seen among the deleted ones.
          </Confirm>
        </Stack>
      )}
    </Drawer>
  );
}
