import { Anchor, SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { Loading, Wrong } from '../parts/Notice';
import { duration } from '../parts/time';
import type { Execution } from './book';

type Trace = Schemas['TraceStep'];

/** What was kept of the pages of an execution: the page before and after, a picture with the target marked, console and requests. */
export default function Pages({ run, x }: { run: string; x: Execution }) {
  const trace = useQuery({
    queryKey: ['trace', run, x.key],
    staleTime: 60_000,
    queryFn: () => must(api.GET('/api/v1/runs/{id}/trace', { params: { path: { id: run }, query: { path: x.path, try: x.try } } })),
  });
  if (trace.error) return <Wrong error={trace.error} again={() => void trace.refetch()} />;
  if (trace.isPending) return <Loading />;
  return <Kept run={run} x={x} trace={trace.data} />;
}

function Kept({ run, x, trace }: { run: string; x: Execution; trace: Trace }) {
  const looks = [
    ...(trace.shot ? [{ value: 'picture', label: 'Picture' }] : []),
    ...(trace.before ? [{ value: 'before', label: 'Before' }] : []),
    ...(trace.after ? [{ value: 'after', label: 'After' }] : []),
    { value: 'console', label: `Console (${trace.console?.length ?? 0})` },
    { value: 'network', label: `Network (${trace.network?.length ?? 0})` },
  ];
  const [look, setLook] = useState(looks[0]?.value ?? 'console');
  const where = (what: string) => `/api/v1/runs/${encodeURIComponent(run)}/trace/${what}?${new URLSearchParams({ path: x.path, try: String(x.try) }).toString()}`;
  return (
    <Stack gap="xs">
      {trace.url && <Text size="xs" className="mono wrap" title={trace.title}>{trace.url}</Text>}
      <SegmentedControl size="xs" fullWidth aria-label="What is shown of the page" value={look} onChange={setLook} data={looks} />
      {look === 'picture' && trace.shot && (
        <div className="shot">
          <img src={where('picture')} alt={`The page at ${x.key}`} className="picture" />
          {trace.shot.box && <Mark box={trace.shot.box} width={trace.shot.width} height={trace.shot.height} />}
        </div>
      )}
      {(look === 'before' || look === 'after') && trace[look] && <Frame key={look} url={where(look)} page={trace[look]} title={`The page ${look} ${x.key}`} />}
      {look === 'console' && <Console list={trace.console ?? []} />}
      {look === 'network' && <Network list={trace.network ?? []} />}
      <Text size="xs" c="dimmed">It took {duration(trace.took_ms)}, of which it waited {duration(trace.waited_ms)} for the page to be ready.</Text>
    </Stack>
  );
}

/** The element that was used, on the picture. */
function Mark({ box, width, height }: { box: NonNullable<NonNullable<Trace['shot']>['box']>; width: number; height: number }) {
  return (
    <svg className="shot-mark" viewBox={`0 0 ${width} ${height}`} role="img" aria-label="The element that was used">
      <rect x={box.x - 3} y={box.y - 3} width={box.width + 6} height={box.height + 6} rx={4} />
    </svg>
  );
}

/** A page as it was kept, in a frame that runs nothing. */
function Frame({ url, page, title }: { url: string; page: NonNullable<Trace['before']>; title: string }) {
  const { ref, width } = useElementSize();
  const wide = Math.max(1, page.width);
  const scale = width / wide;
  return (
    <>
      <div ref={ref} className="page-frame" style={{ height: Math.max(1, page.height) * scale }}>
        {/* It is laid out as wide as it was, and made smaller as a whole. */}
        <iframe src={url} sandbox="" title={title} width={wide} height={Math.max(1, page.height)} style={{ transform: `scale(${scale})` }} />
      </div>
      <Text size="xs" c="dimmed">
        {page.title && <>{page.title} · </>}
        {page.width} × {page.height}
        {page.cut && ' · only a part of it was kept'}
        {' · '}
        <Anchor href={url} target="_blank" rel="noreferrer" size="xs">open it alone</Anchor>
      </Text>
    </>
  );
}

function Console({ list }: { list: NonNullable<Trace['console']> }) {
  if (!list.length) return <Text size="sm" c="dimmed">The page wrote nothing.</Text>;
  return (
    <div className="page-list" tabIndex={0} role="log" aria-label="Console of the page" aria-live="off">
      {list.map((m, i) => (
        <div key={i} className="journal-row">
          <span className="journal-time mono">{m.level}</span>
          <span className="journal-text" style={{ color: m.level === 'error' ? 'var(--mantine-color-red-light-color)' : m.level === 'warning' ? 'var(--mantine-color-orange-light-color)' : undefined }}>{m.text}</span>
        </div>
      ))}
    </div>
  );
}

function Network({ list }: { list: NonNullable<Trace['network']> }) {
  if (!list.length) return <Text size="sm" c="dimmed">The page asked for nothing.</Text>;
  return (
    <div className="page-list" tabIndex={0} role="group" aria-label="Requests of the page">
      <Table fz="xs" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Request</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Took</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {list.map((n, i) => (
            <Table.Tr key={i}>
              <Table.Td className="wrap"><span className="mono">{n.method} {n.url}</span>{n.error && <Text size="xs" c="var(--mantine-color-red-light-color)">{n.error}</Text>}</Table.Td>
              <Table.Td>{n.status || ''}</Table.Td>
              <Table.Td>{n.ms === undefined ? '' : duration(n.ms)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
