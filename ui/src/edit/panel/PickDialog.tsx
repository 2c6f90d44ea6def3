import '../../screen/pick.css';

import { Badge, Button, Checkbox, Code, Group, Modal, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconCrosshair, IconHandFinger, IconTable, IconTablePlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { api, must, type Schemas } from '../../api/client';
import { Empty, Loading, Wrong } from '../../parts/Notice';
import { Screen } from '../../screen/Screen';
import { useScreen } from '../../screen/useScreen';
import { extractOf, targetOf } from './pick';

type Pick = Schemas['Pick'];
type Element = Schemas['PickedElement'];
type List = Schemas['PickedList'];
type Past = Schemas['Past'];

interface Props {
  /** The address to begin with; '' asks for one. */
  address: string;
  /** What is picked for, such as "target of Save". */
  what: string;
  /** The flow and the node that it is for, whose past runs may have kept pages. */
  of: { flow: string; node: string };
  onTarget: (target: unknown) => void;
  /** Takes a node that reads a list: what it is to be, with its params. */
  onList: (type: string, params: Record<string, unknown>) => void;
  onClose: () => void;
}

/** Picks an element of a page in a browser of the server, or a list by two of its elements. */
export function PickDialog({ address, what, of, onTarget, onList, onClose }: Props) {
  const narrow = useMediaQuery('(max-width: 900px)');
  const [url, setUrl] = useState(address);
  const start = useMutation({ mutationFn: (to: string) => must(api.POST('/api/v1/pick', { body: { url: to } })) });
  const begun = useRef(false);
  const open = start.mutate;
  useEffect(() => {
    if (begun.current || !address) return;
    begun.current = true;
    open(address);
  }, [address, open]);
  // The browser is closed with the dialog.
  useEffect(() => () => void api.DELETE('/api/v1/pick').catch(() => undefined), []);
  return (
    <Modal opened onClose={onClose} title={`Pick the ${what}`} size="min(1320px, 96vw)" fullScreen={narrow} closeOnEscape={false} closeOnClickOutside={false} padding="sm">
      {start.data ? (
        <Picking first={start.data} of={of} onTarget={onTarget} onList={onList} again={() => start.reset()} />
      ) : start.isPending ? (
        <Loading />
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            if (url.trim()) start.mutate(url);
          }}
        >
          <Stack>
            <Text size="sm">A browser opens here with a session of its own. Work in it until the element is in sight, then pick it.</Text>
            <TextInput data-autofocus label="Address of the page" placeholder="https://shop.example.com" required value={url} onChange={(e) => setUrl(e.currentTarget.value)} />
            {start.error && <Wrong error={start.error} />}
            <Group><Button type="submit" disabled={!url.trim()}>Open</Button></Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

function Picking({ first, of, onTarget, onList, again }: { first: Pick; of: Props['of']; onTarget: Props['onTarget']; onList: Props['onList']; again: () => void }) {
  const queries = useQueryClient();
  const state = useQuery({ queryKey: ['pick', first.url], queryFn: () => must(api.GET('/api/v1/pick')), initialData: first, refetchInterval: (q) => (q.state.data?.open ? 600 : false), retry: false });
  const watched = useScreen('/api/v1/pick');
  const press = useMutation({
    mutationFn: (button: 'again' | 'like' | 'cancel') => must(api.POST('/api/v1/pick/press', { body: { button } })),
    onSuccess: (data) => queries.setQueryData(['pick', first.url], data),
  });
  const pick = state.data;
  if (!pick.open || state.error) {
    return <Empty title="The browser is closed">{pick.left ? 'Nobody looked at it for a while. ' : ''}<Button mt="xs" variant="default" onClick={again}>Open it again</Button></Empty>;
  }
  if (watched.over === 'elsewhere') return <Empty title="The browser is shown in another window"><Button mt="xs" variant="default" onClick={watched.show}>Show it here</Button></Empty>;
  const mode = pick.mode ?? '';
  const said = mode === 'like' ? 'Click a second one like it, such as the same part of another row.' : mode === 'pick' ? 'Click the element; or lead to it with Tab and press Enter. The page does not see it.' : pick.element ? '' : 'What you do is done in the page.';
  return (
    <div className="pick">
      <Screen label="The browser to pick in" frame={watched.frame} state={watched.state} onInput={watched.send} onFiles={(f) => void watched.give(f)} />
      <Stack gap="sm" className="pick-side">
        <Group gap="xs" role="toolbar" aria-label="Picker">
          <Button size="xs" variant={mode === 'pick' ? 'filled' : 'default'} aria-pressed={mode === 'pick'} leftSection={<IconCrosshair size={16} aria-hidden />} onClick={() => press.mutate('again')}>{pick.element ? 'Pick another' : 'Pick'}</Button>
          <Button size="xs" variant={mode === '' ? 'filled' : 'default'} aria-pressed={mode === ''} leftSection={<IconHandFinger size={16} aria-hidden />} onClick={() => press.mutate('cancel')}>Work in the page</Button>
        </Group>
        <Text size="sm" role="status">{said}</Text>
        {watched.trouble && <Text size="sm" role="alert">{watched.trouble}</Text>}
        {press.error && <Wrong error={press.error} />}
        {pick.failed && <Text size="sm" role="alert">These two have nothing in common. Choose the same part of another row.</Text>}
        {pick.element && <Picked key={pick.element.candidates[0]?.query ?? ''} element={pick.element} of={of} onTarget={onTarget} onLike={mode === 'like' ? undefined : () => press.mutate('like')} />}
        {pick.element?.like && <Listed key={`${pick.element.like.rows} ${pick.element.like.fields.map((f) => f.name).join(' ')}`} list={pick.element.like} onList={onList} />}
      </Stack>
    </div>
  );
}

/** On how many of the past pages a way to find the element finds one. */
function inThePast(past: Past | undefined, i: number): string {
  const h = past?.queries[i];
  if (!past?.runs || !h) return '';
  const other = [h.none ? `none in ${h.none}` : '', h.several ? `several in ${h.several}` : ''].filter(Boolean).join(', ');
  return ` Matches 1 in ${h.one} of ${past.runs} past ${past.runs === 1 ? 'run' : 'runs'}${other ? ` (${other})` : ''}.`;
}

function Picked({ element, of, onTarget, onLike }: { element: Element; of: Props['of']; onTarget: Props['onTarget']; onLike?: () => void }) {
  const [off, setOff] = useState<readonly number[]>([]);
  const on = element.candidates.map((_, i) => !off.includes(i));
  const { target } = element.params as { target?: unknown };
  const past = useQuery({
    queryKey: ['pick', 'past', of.flow, of.node, JSON.stringify(target)],
    queryFn: () => must(api.POST('/api/v1/pick/past', { body: { ...of, target } })),
    enabled: of.flow !== '',
    staleTime: 60_000,
    retry: false,
  });
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    head.current?.scrollIntoView({ block: 'nearest' }); // it gives a promise in some browsers
  }, []);
  return (
    <section aria-label="What was picked">
      <Title order={3} size="h5" ref={head}>{element.name || element.role || element.tag}</Title>
      <Text size="xs" c="dimmed">{element.role ? `${element.role}, ` : ''}&lt;{element.tag}&gt;. The ways to find it, tried in this order:</Text>
      <Stack gap={6} my="xs" component="ul" className="pick-ways">
        {element.candidates.map((c, i) => (
          <li key={c.query}>
            <Checkbox
              size="sm"
              checked={on[i] ?? true}
              onChange={() => setOff(off.includes(i) ? off.filter((n) => n !== i) : [...off, i])}
              label={<Code>{c.query}</Code>}
              description={`${c.score.toFixed(2)}, ${c.reason}. Matches ${c.matches || 1} here${c.matches > 1 ? ', of which it names one' : ''}.${inThePast(past.data, i)}`}
            />
          </li>
        ))}
      </Stack>
      {past.isFetching && <Text size="xs" c="dimmed" role="status">Looking at the pages of past runs…</Text>}
      {past.data?.runs === 0 && <Text size="xs" c="dimmed" mb="xs">No past run has kept a page of this node.</Text>}
      {past.error && <Text size="xs" c="dimmed" mb="xs">The pages of past runs cannot be looked at: {past.error.message}</Text>}
      <Group gap="xs">
        <Button size="xs" disabled={!on.some(Boolean)} onClick={() => onTarget(targetOf(element.params, on))}>Use this element</Button>
        {onLike && !element.like && <Button size="xs" variant="default" leftSection={<IconTablePlus size={16} aria-hidden />} onClick={onLike}>Pick a second one like it</Button>}
      </Group>
    </section>
  );
}

function Listed({ list, onList }: { list: List; onList: Props['onList'] }) {
  const [columns, setColumns] = useState(() => list.fields.map((f) => ({ name: f.name, as: f.name, on: true })));
  const change = (i: number, part: Partial<(typeof columns)[number]>) => setColumns(columns.map((c, j) => (j === i ? { ...c, ...part } : c)));
  const names = columns.filter((c) => c.on).map((c) => c.as.trim());
  const twice = names.find((n, i) => names.indexOf(n) !== i);
  return (
    <section aria-label="The list that it is of">
      <Title order={3} size="h5">{list.rows} rows <Badge variant="light" tt="none" ml={4}>{list.count} like it</Badge></Title>
      {columns.length > 0 && (
        <Table.ScrollContainer minWidth={300}>
          <Table verticalSpacing={4} horizontalSpacing={6}>
            <Table.Thead><Table.Tr><Table.Th>Column</Table.Th><Table.Th>Such as</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {list.fields.map((f, i) => (
                <Table.Tr key={f.name}>
                  <Table.Td>
                    <Group gap={6} wrap="nowrap">
                      <Checkbox size="xs" aria-label={`Read ${f.name}`} checked={columns[i]?.on ?? true} onChange={(e) => change(i, { on: e.currentTarget.checked })} />
                      <TextInput size="xs" aria-label={`Name of the column ${f.name}`} value={columns[i]?.as ?? ''} onChange={(e) => change(i, { as: e.currentTarget.value })} />
                    </Group>
                  </Table.Td>
                  <Table.Td className="wrap"><Text size="xs">{f.sample}</Text>{(f.optional || f.read !== 'text') && <Text size="xs" c="dimmed">{[f.read === 'text' ? '' : f.read, f.optional ? 'not in all rows' : ''].filter(Boolean).join(', ')}</Text>}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {twice && <Text size="xs" c="orange">Two columns are called {twice}.</Text>}
      <Group gap="xs" mt="xs">
        <Button size="xs" disabled={!!twice} leftSection={<IconTable size={16} aria-hidden />} onClick={() => onList('web.extract', extractOf(list.extract as Record<string, unknown>, columns))}>Extract a table</Button>
        {list.table && <Button size="xs" variant="default" onClick={() => onList('web.get_table', list.table as Record<string, unknown>)}>Read the whole table</Button>}
      </Group>
    </section>
  );
}
