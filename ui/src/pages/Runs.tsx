import { Button, Card, Group, Loader, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';

import '../run/runs.css';
import { api, must, type Run } from '../api/client';
import { DemoLink } from '../demo/DemoLink';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { shownStatus, Status } from '../parts/Status';
import { duration, useNow } from '../parts/time';
import { When } from '../parts/When';
import { clean, labelsOf, moment, type Filter } from '../run/views';
import { Views } from '../run/Views';

const statuses = [
  { value: 'attention', label: 'Needs attention' },
  { value: 'running', label: 'Running' },
  { value: 'queued', label: 'Queued' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'failed', label: 'Failed' },
  { value: 'done', label: 'Done' },
  { value: 'cancelled', label: 'Cancelled' },
];
const times = [
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
];
type Wanted = 'queued' | 'running' | 'waiting' | 'attention' | 'done' | 'failed' | 'cancelled';

function took(run: Run, now: number): string {
  if (!run.started || (!run.ended && run.status !== 'running')) return '';
  return duration((run.ended ? Date.parse(run.ended) : now) - Date.parse(run.started));
}

/** The list of runs, newest first. */
export default function Runs() {
  const search = useSearch({ from: '/inside/runs' });
  const filter = useMemo(() => clean(search), [search]);
  const go = useNavigate({ from: '/runs' });
  const set = (f: Filter) => void go({ search: clean({ ...filter, ...f }), replace: true });
  const minute = useNow(60_000);
  const since = moment(filter.since, minute);
  const before = moment(filter.before, minute);
  const list = useInfiniteQuery({
    queryKey: ['runs', filter, since, before],
    queryFn: ({ pageParam }) => must(api.GET('/api/v1/runs', { params: { query: { limit: 100, cursor: pageParam, flow: filter.flow, status: filter.status as Wanted | undefined, since, before, label: labelsOf(filter.label), error: filter.error } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: (q) => ((q.state.data?.pages.length ?? 0) > 3 || filter.error ? false : 2000),
    placeholderData: (old) => old,
  });
  const runs = useMemo(() => list.data?.pages.flatMap((p) => p.items ?? []) ?? [], [list.data]);
  const typeFlow = useDebouncedCallback((v: string) => set({ flow: v || undefined }), 300);
  const typeLabel = useDebouncedCallback((v: string) => set({ label: labelsOf(v)?.join(',') }), 400);
  const typeError = useDebouncedCallback((v: string) => set({ error: v.trim() || undefined }), 400);
  const filtered = Object.keys(filter).length > 0;
  const custom = filter.since && !times.some((t) => t.value === filter.since) ? [{ value: filter.since, label: `Since ${filter.since}` }] : [];
  return (
    <Stack className="page">
      <Group justify="space-between" align="end">
        <Title order={1} size="h2">Runs</Title>
        <Views filter={filter} onChoose={(f) => void go({ search: clean(f) })} />
      </Group>
      <Group align="end" gap="sm" className="runs-filters">
        <TextInput label="Flow" placeholder="Name of a flow" defaultValue={filter.flow} key={`flow ${filter.flow ?? ''}`} onChange={(e) => typeFlow(e.currentTarget.value)} />
        <Select label="Status" placeholder="Any" data={statuses} value={filter.status ?? null} onChange={(v) => set({ status: v ?? undefined })} clearable />
        <Select label="Added" placeholder="At any time" data={[...times, ...custom]} value={filter.since ?? null} onChange={(v) => set({ since: v ?? undefined })} clearable />
        <TextInput label="Before" type="date" value={filter.before ?? ''} onChange={(e) => set({ before: e.currentTarget.value || undefined })} />
        <TextInput label="Labels" placeholder="Such as acme, 2026-11" defaultValue={filter.label} key={`label ${filter.label ?? ''}`} onChange={(e) => typeLabel(e.currentTarget.value)} />
        <TextInput label="Error says" placeholder="A part of the sentence" defaultValue={filter.error} key={`error ${filter.error ?? ''}`} onChange={(e) => typeError(e.currentTarget.value)} />
        {filtered && <Button variant="subtle" onClick={() => void go({ search: {} })}>Clear</Button>}
      </Group>
      {list.error ? <Wrong error={list.error} again={() => void list.refetch()} /> : null}
      {list.isPending ? (
        list.error ? null : <Loading />
      ) : runs.length === 0 && !list.hasNextPage ? (
        filtered ? (
          <Empty title="No run fits">
            <Button variant="light" onClick={() => void go({ search: {} })}>Show all runs</Button>
          </Empty>
        ) : (
          <Empty title="Nothing has run yet">
            Choose a flow under <Link to="/flows">Flows</Link> and start it, or send one from a terminal: <span className="mono">aether flow push my.flow.yaml</span>
            <div><DemoLink /></div>
          </Empty>
        )
      ) : (
        <List runs={runs} more={list.hasNextPage} busy={list.isFetchingNextPage} searching={!!filter.error} onMore={() => void list.fetchNextPage()} />
      )}
    </Stack>
  );
}

const height = 62;

interface ListProps {
  runs: Run[];
  more: boolean;
  busy: boolean;
  searching: boolean;
  onMore: () => void;
}

/** Rows of which only those in sight are in the page. What comes after them is asked for when one gets near the end. */
function List({ runs, more, busy, searching, onMore }: ListProps) {
  const box = useRef<HTMLDivElement>(null);
  const now = useNow(1000);
  const [asked, setAsked] = useState(0);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only and not remembered
  const view = useVirtualizer({ count: runs.length, getScrollElement: () => box.current, estimateSize: () => height, overscan: 8 });
  const items = view.getVirtualItems();
  const last = items[items.length - 1]?.index ?? -1;
  // A search answers after a bounded look: until there is something to see it goes on by itself for a while.
  const near = more && !busy && (last >= runs.length - 20 || runs.length === 0) && (runs.length > 0 || asked < 25);
  useEffect(() => {
    if (!near) return;
    const t = window.setTimeout(() => {
      setAsked((n) => n + 1);
      onMore();
    }, 0);
    return () => window.clearTimeout(t);
  }, [near, onMore]);
  const before = items[0]?.start ?? 0;
  const after = view.getTotalSize() - (items[items.length - 1]?.end ?? 0);
  return (
    <Card withBorder padding={0} radius="md" className="runs-card">
      <div ref={box} className="runs-box" tabIndex={0} role="region" aria-label="Runs, newest first">
        <table className="runs-table" aria-rowcount={more ? -1 : runs.length + 1}>
          <thead>
            <tr>
              <th scope="col">Flow</th>
              <th scope="col">Status</th>
              <th scope="col">Started</th>
              <th scope="col">Took</th>
              <th scope="col">Nodes</th>
            </tr>
          </thead>
          <tbody>
            {before > 0 && <tr aria-hidden style={{ height: before }} />}
            {items.map((v) => {
              const r = runs[v.index];
              if (!r) return null;
              return (
                <tr key={r.id} aria-rowindex={v.index + 2} style={{ height }}>
                  <td>
                    <Link to="/runs/$id" params={{ id: r.id }} className="rows-link">{r.flow}</Link>
                    <Text size="xs" c="dimmed" className="clip" title={r.failure?.message}><span className="mono">{r.id}</span>{r.labels?.length ? ` · ${r.labels.join(', ')}` : ''}{r.failure && ` · ${r.failure.message}`}</Text>
                  </td>
                  <td><Status of={shownStatus(r)} /></td>
                  <td><When at={r.started ?? r.created} /></td>
                  <td>{took(r, now)}</td>
                  <td>{r.nodes}</td>
                </tr>
              );
            })}
            {after > 0 && <tr aria-hidden style={{ height: after }} />}
          </tbody>
        </table>
        {(more || busy) && (
          <Group justify="center" p="sm" gap="sm">
            {busy ? <Loader size="sm" aria-label="Loading more" /> : <Button variant="default" size="xs" onClick={onMore}>{searching ? 'Search further back' : 'Show more'}</Button>}
          </Group>
        )}
      </div>
    </Card>
  );
}
