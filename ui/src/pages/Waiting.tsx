import { Badge, Group, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import '../ask/ask.css';
import { askOf, left, person, afterwards, type Asking } from '../ask/question';
import { useWaiting } from '../ask/useWaiting';
import { useMay } from '../parts/may';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { useNow } from '../parts/time';
import { When } from '../parts/When';
import { me } from '../router';

const kinds: Record<string, string> = { approval: 'Approval', question: 'Question', interrupted: 'Cut short', session: 'Lost page', doubt: 'In doubt' };

/** Everything that runs ask people, the oldest question first. */
export default function Waiting() {
  const list = useWaiting();
  const { data: who } = useQuery(me);
  const may = useMay()('runs.write');
  const [whose, setWhose] = useState('mine');
  const [text, setText] = useState('');
  const now = useNow(1000);
  const all = list.data?.items ?? [];
  // Whoever has answered waits for others.
  const open = all.filter((a) => !a.refused);
  const part = whose === 'mine' && may ? open : all;
  const find = text.trim().toLowerCase();
  const shown = part.filter((a) => !find || [a.flow, a.text, a.run, a.path, ...(a.labels ?? [])].some((s) => s.toLowerCase().includes(find)));
  return (
    <Stack className="page">
      <Title order={1} size="h2">Waiting for you</Title>
      <Group gap="sm" align="end">
        <TextInput label="Find" placeholder="Flow, question, label" value={text} onChange={(e) => setText(e.currentTarget.value)} />
        {may && <SegmentedControl aria-label="Which questions" value={whose} onChange={setWhose} data={[{ value: 'mine', label: `You can answer (${list.data?.mine ?? open.length})` }, { value: 'all', label: `All (${list.data?.total ?? all.length})` }]} />}
      </Group>
      {list.error ? <Wrong error={list.error} again={() => void list.refetch()} /> : null}
      {list.isPending ? (
        list.error ? null : <Loading />
      ) : shown.length === 0 ? (
        <Empty title={all.length === 0 ? 'Nobody is asked anything' : 'No question fits'}>
          {all.length === 0 ? 'Approvals, forms and runs that need a decision wait here, the oldest first.' : 'Others are under All, or leave the search empty.'}
        </Empty>
      ) : (
        <ul className="waiting-list" aria-label="Questions, the oldest first">
          {shown.map((a) => <Row key={`${a.run} ${a.path}`} a={a} now={now} me={who?.name ?? ''} />)}
        </ul>
      )}
      {(list.data?.total ?? 0) > all.length && <Text size="sm" c="dimmed">The oldest {all.length} of {list.data?.total}.</Text>}
    </Stack>
  );
}

function Row({ a, now, me }: { a: Asking; now: number; me: string }) {
  const ask = askOf(a.ask);
  const until = a.until ? Date.parse(a.until) : 0;
  const given = a.given ?? [];
  const mine = given.some((g) => person(g.by) === person(me));
  return (
    <li className="waiting-row">
      <div>
        <Link to="/runs/$id" params={{ id: a.run }} className="rows-link clip-2">{ask.title ? `${ask.title}: ${ask.message || a.text}` : ask.message || a.text}</Link>
        <Text size="xs" c="dimmed" className="clip-2">{a.flow} · <span className="mono">{a.run}</span>{a.labels?.length ? ` · ${a.labels.join(', ')}` : ''}</Text>
      </div>
      <Text size="sm" component="div">asked <When at={a.asked} /></Text>
      <Text size="sm" component="div" fw={until && until - now < 3_600_000 ? 600 : undefined}>
        {until ? <span title={afterwards(a.late, ask)}>{until > now ? `${left(until, now)} left` : 'the time is over'}</span> : <Text span size="sm" c="dimmed">waits for ever</Text>}
        {(ask.approvals ?? 1) > 1 && <Text size="xs" c="dimmed">{given.length} of {ask.approvals} agreed{mine ? ', you too' : ''}</Text>}
      </Text>
      <Badge variant="light" color="orange" radius="sm" tt="none" className="status" data-color="orange">{kinds[a.kind] ?? a.kind}</Badge>
    </li>
  );
}
