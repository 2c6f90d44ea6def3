import { Badge, Button, Card, Group, SegmentedControl, SimpleGrid, Stack, Table, Text, Textarea, Title } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { HealPicture } from '../parts/HealPicture';
import { Json } from '../parts/Json';
import { Listing } from '../parts/Listing';
import { useMay } from '../parts/may';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { Steady } from '../parts/Steady';
import { When } from '../parts/When';
import '../parts/heal.css';

type Heal = Schemas['Heal'];
type State = Heal['state'];

const states: { value: State | ''; label: string }[] = [
  { value: 'proposed', label: 'To decide' },
  { value: 'unresolved', label: 'Not found' },
  { value: 'approved', label: 'Approved' },
  { value: 'rejected', label: 'Rejected' },
  { value: 'rolled_back', label: 'Rolled back' },
  { value: '', label: 'All' },
];
const words: Record<State, [color: string, word: string]> = {
  proposed: ['orange', 'To decide'],
  used: ['blue', 'Used'],
  unresolved: ['red', 'Not found'],
  approved: ['green', 'Approved'],
  rejected: ['gray', 'Rejected'],
  rolled_back: ['gray', 'Rolled back'],
};

function StateBadge({ state }: { state: State }) {
  const [color, word] = words[state];
  return <Badge color={color} variant="light" radius="sm" tt="none" className="status" data-color={color}>{word}</Badge>;
}

const target = (v: unknown): string => (typeof v === 'string' ? v : JSON.stringify(v, (k, x: unknown) => (k === 'print' ? undefined : x), 2));

/** What a language model said of an element in doubt, '' where none was asked. */
function adviceOf(evidence: unknown): string {
  const a = (evidence as { advice?: { model?: string; choice?: number; reason?: string; error?: string } } | null | undefined)?.advice;
  if (!a) return '';
  if (a.error) return `The model ${a.model ?? ''} was asked and gave no answer: ${a.error}`;
  return `The model ${a.model ?? ''} was asked and ${a.choice ? 'chose an element' : 'chose none'}${a.reason ? `: ${a.reason}` : ''}`;
}

/** The small grey picture of an element, at twice its size. */
function Look({ png, alt }: { png?: string; alt: string }) {
  return png && /^[A-Za-z0-9+/=]+$/.test(png) ? <img src={`data:image/png;base64,${png}`} alt={alt} className="heal-look" /> : null;
}

interface Compared { element?: { tag?: string; name?: string; text?: string }; compared?: { feature: string; value: number }[] }

/** How alike the pictures of the likeliest elements are to the one before, '' where none were compared. */
function pictures(evidence: unknown): string {
  const list = (evidence as { candidates?: Compared[] } | null | undefined)?.candidates ?? [];
  const said = list.flatMap((c) => {
    const p = c.compared?.find((e) => e.feature === 'picture');
    return p ? [`${c.element?.name || c.element?.text || `<${c.element?.tag ?? ''}>`} ${(100 * p.value).toFixed(0)} %`] : [];
  });
  return said.length ? `Its picture is like the one before: ${said.join(', ')}` : '';
}

/** What differs between what the element looked like and looks like now. */
function Differences({ before, found }: { before: Heal['before']; found?: Heal['found'] }) {
  const a = before as unknown as Record<string, unknown>;
  const b = (found ?? {}) as unknown as Record<string, unknown>;
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((k) => !['$schema', 'v', 'box', 'path', 'index', 'alike', 'look'].includes(k));
  const text = (v: unknown) => (v === undefined ? '' : Array.isArray(v) ? v.join(' ') : String(v));
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table verticalSpacing={4} horizontalSpacing="sm" fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Of the element</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>{found ? 'Now' : 'Nothing was found'}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {(before.look || found?.look) && (
            <Table.Tr>
              <Table.Td>picture</Table.Td>
              <Table.Td><Look png={before.look} alt="The element before" /></Table.Td>
              <Table.Td><Look png={found?.look} alt="The element now" /></Table.Td>
            </Table.Tr>
          )}
          {keys.map((k) => {
            const same = text(a[k]) === text(b[k]);
            return (
              <Table.Tr key={k} fw={same ? undefined : 600}>
                <Table.Td>{k.replaceAll('_', ' ')}</Table.Td>
                <Table.Td className="wrap">{text(a[k])}</Table.Td>
                <Table.Td className="wrap">{text(b[k])}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Detail({ id }: { id: number }) {
  const queries = useQueryClient();
  const heal = useQuery({ queryKey: ['heal', id], queryFn: () => must(api.GET('/api/v1/heals/{id}', { params: { path: { id } } })) });
  const [comment, setComment] = useState('');
  const decide = useMutation({
    mutationFn: (what: 'approve' | 'reject' | 'rollback') => {
      const params = { path: { id }, header: { 'If-Match': heal.data?.version } };
      const body = { comment: comment || undefined };
      switch (what) {
        case 'approve':
          return must(api.POST('/api/v1/heals/{id}/approve', { params, body }));
        case 'reject':
          return must(api.POST('/api/v1/heals/{id}/reject', { params, body }));
        case 'rollback':
          return must(api.POST('/api/v1/heals/{id}/rollback', { params, body }));
      }
    },
    onSuccess: () => {
      setComment('');
      void queries.invalidateQueries({ queryKey: ['heals'] });
      void queries.invalidateQueries({ queryKey: ['heal', id] });
    },
  });
  const may = useMay()('heals.write');
  const card = useRef<HTMLDivElement>(null);
  const there = !!heal.data;
  useEffect(() => {
    if (there) card.current?.scrollIntoView?.({ block: 'start' }); // it stands below a list that may be long
  }, [there]);
  if (heal.error) return <Wrong error={heal.error} />;
  const h = heal.data;
  if (!h) return <Loading />;
  const advice = adviceOf(h.evidence);
  const seen = pictures(h.evidence);
  const open = may && (h.state === 'proposed' || h.state === 'used');
  return (
    <Card ref={card} withBorder radius="md" component="section" aria-label={`Heal ${h.id}`} style={{ scrollMarginTop: 'calc(var(--app-shell-header-height, 0px) + var(--mantine-spacing-md))' }}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h5">{h.flow}: {h.node}</Title>
          <StateBadge state={h.state} />
        </Group>
        <Text size="sm" component="div">
          {h.outcome === 'healed' ? `Found again with a probability of ${(100 * h.p).toFixed(1)} %` : h.outcome === 'asked' && h.found ? `Not found for certain; what is shown here is it with a probability of ${(100 * h.p).toFixed(1)} %` : 'Not found'}, in <Link to="/runs/$id" params={{ id: h.run }}>{h.run}</Link>
          {h.runs > 0 && <> · {h.runs} {h.runs === 1 ? 'run' : 'runs'} succeeded with it, {h.streak} in a row found the same</>}
          {h.sensitive && <> · sensitive</>}
        </Text>
        {seen && <Text size="sm" className="wrap">{seen}</Text>}
        {advice && <Text size="sm" className="wrap">{advice}</Text>}
        {h.mismatch && <Text size="sm">The target did find an element, but another one than before.</Text>}
        {(h.vetoes ?? []).length > 0 && <Text size="sm">Against it: {(h.vetoes ?? []).join(', ')}</Text>}
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <div>
            <Text size="sm" fw={600} mb={4}>The target now</Text>
            <Json value={target(h.old)} label="The target as the flow has it" />
          </div>
          <div>
            <Text size="sm" fw={600} mb={4}>Repaired</Text>
            <Json value={h.repaired === undefined || h.repaired === null ? 'There is none.' : target(h.repaired)} label="The target repaired" />
          </div>
        </SimpleGrid>
        <Differences before={h.before} found={h.found} />
        {h.screenshot && <HealPicture id={h.id} />}
        {decide.error && <Wrong error={decide.error} />}
        {(open || may && h.state === 'approved') && <Textarea label="Comment" autosize value={comment} onChange={(e) => setComment(e.currentTarget.value)} />}
        {open && (
          <Group gap="xs">
            <Button loading={decide.isPending && decide.variables === 'approve'} disabled={decide.isPending || !h.repaired} onClick={() => decide.mutate('approve')}>Approve</Button>
            <Button variant="default" loading={decide.isPending && decide.variables === 'reject'} disabled={decide.isPending} onClick={() => decide.mutate('reject')}>Reject</Button>
          </Group>
        )}
        {may && h.state === 'approved' && (
          <Group><Button variant="default" loading={decide.isPending} onClick={() => decide.mutate('rollback')}>Roll back</Button></Group>
        )}
        {h.decided && <Text size="sm" c="dimmed">Decided by {h.by} <When at={h.decided} />{h.comment ? `: ${h.comment}` : ''}</Text>}
      </Stack>
    </Card>
  );
}

/** The elements of pages that had to be found again, to be approved or rejected. */
export default function Heals() {
  const { state = 'proposed', id } = useSearch({ from: '/inside/healing' });
  const go = useNavigate({ from: '/healing' });
  const wanted = state === 'all' ? '' : (state as State);
  const list = useInfiniteQuery({
    queryKey: ['heals', wanted],
    queryFn: ({ pageParam }) => must(api.GET('/api/v1/heals', { params: { query: { limit: 50, cursor: pageParam, state: wanted || undefined } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: 5000,
  });
  const heals = list.data?.pages.flatMap((p) => p.items ?? []) ?? [];
  const of = heals.find((h) => h.id === id)?.root; // the flow that runs
  return (
    <Stack className="page">
      <Group justify="space-between" align="end">
        <Title order={1} size="h2">Healing</Title>
        <div className="scroll"><SegmentedControl data={states.map((s) => ({ ...s, value: s.value || 'all' }))} value={wanted || 'all'} onChange={(v) => void go({ search: { state: v } })} aria-label="State" /></div>
      </Group>
      <Listing
        pages={list}
        count={heals.length}
        minWidth={640}
        empty={<Empty title={wanted === 'proposed' ? 'There is nothing to decide' : 'There is none'}>When a page changes and a robot finds an element again, it is shown here with the evidence.</Empty>}
        heads={['Flow and node', 'Target', 'State', 'Probability', 'Last']}
      >
        {heals.map((h) => (
          <Table.Tr key={h.id} style={h.id === id ? { boxShadow: 'inset 3px 0 0 var(--mantine-primary-color-filled)' } : undefined}>
            <Table.Td><button type="button" className="as-link" aria-current={h.id === id || undefined} onClick={() => void go({ search: (s) => ({ ...s, id: h.id }) })}>{h.flow}: {h.node}</button></Table.Td>
            <Table.Td maw={340}><Text size="sm" lineClamp={2} className="mono">{h.target}</Text></Table.Td>
            <Table.Td><StateBadge state={h.state} /></Table.Td>
            <Table.Td>{h.found ? `${(100 * h.p).toFixed(1)} %` : ''}{h.found && h.outcome === 'asked' && <Text size="xs" c="dimmed">asked</Text>}</Table.Td>
            <Table.Td><When at={h.updated} /></Table.Td>
          </Table.Tr>
        ))}
      </Listing>
      {id !== undefined && <Detail key={id} id={id} />}
      {of !== undefined && <Steady flow={of} />}
    </Stack>
  );
}
