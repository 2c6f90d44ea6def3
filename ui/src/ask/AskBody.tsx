import { Badge, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import './ask.css';
import { Json } from '../parts/Json';
import { useNow } from '../parts/time';
import { When } from '../parts/When';
import { labelOf, left, person, shownData, afterwards, type Ask, type Said } from './question';

/** How long a question waits, and what happens then. */
export function Expiry({ until, late, ask }: { until?: string; late?: string; ask: Ask }) {
  const now = useNow(1000);
  if (!until) return null;
  const end = Date.parse(until);
  const what = afterwards(late, ask);
  const soon = end - now < 3_600_000;
  return (
    <Text size="sm" c={soon ? undefined : 'dimmed'} fw={soon ? 600 : undefined} component="p" m={0}>
      <time dateTime={until} title={new Date(end).toLocaleString()}>{end > now ? `${left(end, now)} left` : 'The time is over'}</time>
      {what && `, then ${what}`}
    </Text>
  );
}

/** Who has agreed so far, of how many. */
export function Approvals({ ask, given }: { ask: Ask; given: Said[] }) {
  const needed = ask.approvals ?? 1;
  if (needed < 2 && !ask.not_starter) return null;
  return (
    <div className="approvals">
      <Group gap="xs">
        {needed > 1 && <Badge variant="light" radius="sm" tt="none" color="indigo" className="status" data-color="indigo">{given.length} of {needed} people have agreed</Badge>}
        {ask.not_starter && <Text size="sm" c="dimmed">Not by who started the run</Text>}
      </Group>
      {given.length > 0 && (
        <ul>
          {given.map((g, i) => (
            <li key={i}>
              <b>{g.by || 'Somebody'}</b>{g.via === 'link' && ' (by link)'}: {labelOf(ask, g.button)}, <When at={g.at} />
              {g.maker && person(g.maker) !== person(g.by) && <Text span size="sm" c="dimmed"> · link made by {g.maker}</Text>}
              {g.comment && <Text size="sm" className="lines">{g.comment}</Text>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const mostRows = 200;

function Rows({ columns, rows, total }: { columns?: string[]; rows: Record<string, unknown>[]; total?: number }) {
  const names = columns?.length ? columns : [...new Set(rows.flatMap((r) => Object.keys(r)))];
  const text = (v: unknown) => (v === null || v === undefined ? '' : typeof v === 'object' ? JSON.stringify(v) : String(v));
  const shown = rows.slice(0, mostRows);
  const all = Math.max(total ?? 0, rows.length);
  return (
    <div>
      <div className="ask-rows" tabIndex={0} role="region" aria-label="Rows">
        <table>
          <thead><tr>{names.map((n) => <th key={n} scope="col">{n}</th>)}</tr></thead>
          <tbody>{shown.map((r, i) => <tr key={i}>{names.map((n) => <td key={n}>{text(r[n])}</td>)}</tr>)}</tbody>
        </table>
      </div>
      {all > shown.length && <Text size="xs" c="dimmed">The first {shown.length} of {all} rows.</Text>}
    </div>
  );
}

interface Props {
  ask: Ask;
  text?: string;
  given: Said[];
  until?: string;
  late?: string;
  /** The picture of the run's page, if there is one. */
  picture?: ReactNode;
  children?: ReactNode;
}

/** A question: what is asked, what one needs to know for it, and below that the children. */
export function AskBody({ ask, text, given, until, late, picture, children }: Props) {
  const d = ask.details;
  const data = shownData(d?.data, !!picture);
  const main = (
    <Stack gap="sm" className="ask-main">
      <Text className="lines" fw={500}>{ask.message || text}</Text>
      <Expiry until={until} late={late} ask={ask} />
      {d?.text && <Text size="sm" className="lines">{d.text}</Text>}
      {data && <Json value={data} label="Details" />}
      {d?.rows && <Rows columns={d.columns} rows={d.rows} total={d.total} />}
      {d?.file && <Text size="sm">File: <span className="mono wrap">{d.file}</span></Text>}
      <Approvals ask={ask} given={given} />
      {children}
    </Stack>
  );
  return picture ? <div className="ask-two">{main}{picture}</div> : main;
}
