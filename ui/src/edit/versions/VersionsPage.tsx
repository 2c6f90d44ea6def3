import './versions.css';

import { ActionIcon, Badge, Button, Card, Group, Menu, Radio, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDotsVertical } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';

import { api, must } from '../../api/client';
import { Empty, Loading, Wrong } from '../../parts/Notice';
import { When } from '../../parts/When';
import { Compare } from './Compare';

/** A push, or a version that was kept before pushes were noted. */
interface Row {
  key: string;
  digest: string;
  number?: number;
  author?: string;
  message?: string;
  created: string;
}

const textOf = (name: string, key: string | undefined) => ({
  queryKey: ['push', name, key],
  enabled: key !== undefined,
  staleTime: Infinity,
  queryFn: () =>
    /^\d{1,15}$/.test(key ?? '')
      ? must(api.GET('/api/v1/flows/{name}/pushes/{number}', { params: { path: { name, number: Number(key) } } }))
      : must(api.GET('/api/v1/flows/{name}/versions/{version}', { params: { path: { name, version: (key ?? '').replace(/^v/, '') } } })),
});

/** The versions of a flow: who pushed what, what differs between any two, and the way back to one. */
export default function VersionsPage() {
  const { name } = useParams({ from: '/inside/flows/$name/versions' });
  const search = useSearch({ from: '/inside/flows/$name/versions' });
  const go = useNavigate({ from: '/flows/$name/versions' });
  const queries = useQueryClient();
  const info = useQuery({ queryKey: ['flow', name], queryFn: () => must(api.GET('/api/v1/flows/{name}', { params: { path: { name } } })) });
  const pushes = useInfiniteQuery({
    queryKey: ['pushes', name],
    initialPageParam: '',
    queryFn: ({ pageParam }) => must(api.GET('/api/v1/flows/{name}/pushes', { params: { path: { name }, query: { limit: 50, cursor: pageParam || undefined } } })),
    getNextPageParam: (p) => p.next,
  });
  const versions = useQuery({ queryKey: ['versions', name], queryFn: () => must(api.GET('/api/v1/flows/{name}/versions', { params: { path: { name }, query: { limit: 1000 } } })) });
  const rows = useMemo((): Row[] => {
    const list = (pushes.data?.pages ?? []).flatMap((p) => p.items ?? []).map((p): Row => ({ key: String(p.id), digest: p.digest, number: p.id, author: p.author, message: p.message, created: p.created }));
    if (pushes.hasNextPage) return list;
    const known = new Set(list.map((r) => r.digest));
    return [...list, ...(versions.data?.items ?? []).filter((v) => !known.has(v.digest)).map((v): Row => ({ key: `v${v.digest}`, digest: v.digest, created: v.created }))];
  }, [pushes.data, pushes.hasNextPage, versions.data]);
  const to = search.to ?? rows[0]?.key;
  const from = search.from ?? rows[rows.findIndex((r) => r.key === to) + 1]?.key ?? rows.find((r) => r.key !== to)?.key;
  const before = useQuery(textOf(name, from));
  const after = useQuery(textOf(name, to));

  const again = async () => {
    await Promise.all([['flow', name], ['flows'], ['pushes', name], ['versions', name], ['version', name]].map((queryKey) => queries.invalidateQueries({ queryKey })));
  };
  const failed = (title: string) => (e: Error) => notifications.show({ color: 'red', title, message: e.message, autoClose: 12_000 });
  const restore = useMutation({
    mutationFn: async (row: Row) => {
      const old = await queries.fetchQuery(textOf(name, row.key));
      const draft = info.data;
      return must(api.POST('/api/v1/flows', {
        params: { header: { 'If-Match': draft ? `"${draft.revision ? `${draft.draft}.${draft.revision}` : draft.draft}"` : undefined } },
        body: { files: { [old.file]: old.text }, main: old.file, base: old.digest, message: `Restored ${row.message ? `“${row.message}”` : `the version ${row.digest.slice(0, 12)}`}` },
      }));
    },
    onSuccess: async () => {
      await again();
      void go({ search: {}, replace: true });
      notifications.show({ color: 'green', message: 'It is the draft again. Nothing was taken out of the list.' });
    },
    onError: failed('It was not restored'),
  });
  const promote = useMutation({
    mutationFn: (row: Row) => must(api.POST('/api/v1/flows/{name}/promote', { params: { path: { name } }, body: { version: row.digest } })),
    onSuccess: async () => {
      await again();
      notifications.show({ color: 'green', message: 'This version is what production runs now.' });
    },
    onError: failed('It was not promoted'),
  });

  const wrong = info.error ?? pushes.error ?? versions.error;
  if (wrong) return <Wrong error={wrong} again={() => void Promise.all([info.refetch(), pushes.refetch(), versions.refetch()])} />;
  if (!info.data || pushes.isPending || versions.isPending) return <Loading />;
  const { draft, production } = info.data;
  const first = (r: Row) => rows.find((x) => x.digest === r.digest) === r;
  const pick = (which: 'from' | 'to', key: string) => void go({ search: { from, to, [which]: key }, replace: true });
  return (
    <Stack gap="md">
      <Group justify="space-between" align="start">
        <div>
          <Title order={1} size="h2">Versions of <Link to="/flows/$name" params={{ name }} className="rows-link">{name}</Link></Title>
          <Text size="sm" c="dimmed">Choose two to compare. A version never changes; restoring one pushes it again.</Text>
        </div>
        <Button variant="default" renderRoot={(p) => <Link {...p} to="/flows/$name/edit" params={{ name }} />}>Edit</Button>
      </Group>
      <div className="versions-grid">
        <Card withBorder padding={0} radius="md" component="section" aria-label="Versions" className="scroll">
          <div className="version-heads" aria-hidden>Before · after</div>
          <ol className="version-list">
            {rows.map((r) => (
              <li key={r.key} className="version-row">
                <span className="version-picks">
                  <Radio name="from" size="xs" checked={r.key === from} aria-label={`Compare ${label(r)} as before`} onChange={() => pick('from', r.key)} />
                  <Radio name="to" size="xs" checked={r.key === to} aria-label={`Compare ${label(r)} as after`} onChange={() => pick('to', r.key)} />
                </span>
                <div>
                  <div className="version-message">{r.message || <Text span c="dimmed" size="sm">No message</Text>}</div>
                  <div className="version-facts">
                    {r.author && <span>{r.author}</span>}
                    <When at={r.created} />
                    <span className="mono">{r.digest.slice(0, 12)}</span>
                    {r.key === rows[0]?.key && r.digest === draft && <Badge size="xs" variant="light" radius="sm" tt="none" className="status" data-color="indigo">draft</Badge>}
                    {first(r) && r.digest === production && <Badge size="xs" variant="light" color="green" radius="sm" tt="none" className="status" data-color="green">production</Badge>}
                  </div>
                </div>
                <Menu position="bottom-end">
                  <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={`What to do with ${label(r)}`} loading={(restore.isPending && restore.variables.key === r.key) || (promote.isPending && promote.variables.key === r.key)}><IconDotsVertical size={16} aria-hidden /></ActionIcon></Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item disabled={r.key === rows[0]?.key} onClick={() => restore.mutate(r)}>Restore as draft</Menu.Item>
                    <Menu.Item disabled={r.digest === production} onClick={() => promote.mutate(r)}>Promote to production</Menu.Item>
                    <Menu.Item component="a" href={`/flows/${encodeURIComponent(name)}?version=${r.digest}`}>Look at it</Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              </li>
            ))}
          </ol>
          {pushes.hasNextPage && <Group justify="center" p="sm"><Button size="xs" variant="default" loading={pushes.isFetchingNextPage} onClick={() => void pushes.fetchNextPage()}>Show more</Button></Group>}
        </Card>
        <section aria-label="What differs">
          {before.error || after.error ? (
            <Wrong error={before.error ?? after.error} again={() => void Promise.all([before.refetch(), after.refetch()])} />
          ) : from === undefined ? (
            <Empty title="There is one version">When another is pushed, what differs shows here.</Empty>
          ) : before.data && after.data ? (
            <Compare before={before.data} after={after.data} />
          ) : (
            <Loading />
          )}
        </section>
      </div>
    </Stack>
  );
}

const label = (r: Row) => r.message || r.digest.slice(0, 12);
