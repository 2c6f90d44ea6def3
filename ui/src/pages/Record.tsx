import { Button, Card, Code, Collapse, Group, Radio, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay, IconPlayerRecord, IconPlayerStop } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { me } from '../router';
import { Screen } from '../screen/Screen';
import { useScreen } from '../screen/useScreen';

type Recording = Schemas['Recording'];
type Step = Schemas['Recorded'];

/**
 * Recording a flow: begin, work in the browser, in this page or in a window on the machine of the server, watch the steps
 * come, end, look them over, save.
 */
export default function Record() {
  const state = useQuery({
    queryKey: ['recording'],
    queryFn: () => must(api.GET('/api/v1/recording')),
    refetchInterval: (q) => (q.state.data?.recording?.open ? 1000 : false),
  });
  const who = useQuery(me);
  if (state.error && !state.data) return <Wrong error={state.error} again={() => void state.refetch()} />;
  if (!state.data || !who.data) return <Loading />;
  const { missing, no_window: noWindow, recording } = state.data;
  const mine = recording?.by === who.data.name;
  return (
    <Stack className="page">
      <Title order={1} size="h2">Record a flow</Title>
      {recording && mine ? (
        <Shown recording={recording} />
      ) : recording?.open ? (
        <Empty title="Somebody is recording">{recording.by} records at {recording.url}. One at a time can be done here.</Empty>
      ) : missing ? (
        <Empty title="Nothing can be recorded here">
          {missing}. In a terminal on a desktop: <span className="mono">aether record https://shop.example.com</span>
        </Empty>
      ) : (
        <Begin noWindow={noWindow} />
      )}
    </Stack>
  );
}

function Begin({ noWindow }: { noWindow?: string }) {
  const queries = useQueryClient();
  const [url, setUrl] = useState('');
  const [where, setWhere] = useState('page');
  const start = useMutation({
    mutationFn: () => must(api.POST('/api/v1/recording', { body: { url, window: where === 'window' } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['recording'] }),
  });
  return (
    <Card withBorder radius="md">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          start.mutate();
        }}
      >
        <Stack>
          <Text size="sm">
            A browser opens with a session of its own. Do in it what the flow is to do, then end the recording. What is typed into fields for passwords is never
            read.
          </Text>
          <TextInput label="Address to begin with" placeholder="https://shop.example.com" required value={url} onChange={(e) => setUrl(e.currentTarget.value)} />
          {!noWindow && (
            <Radio.Group label="Where the browser opens" value={where} onChange={setWhere}>
              <Stack gap={6} mt={6}>
                <Radio value="page" label="In this page" />
                <Radio value="window" label="In a window on the machine of the server" description="With Finish in the window, too" />
              </Stack>
            </Radio.Group>
          )}
          {start.error && <Wrong error={start.error} />}
          <Group>
            <Button type="submit" leftSection={<IconPlayerRecord size={18} aria-hidden />} loading={start.isPending} disabled={!url.trim()}>Record</Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function Shown({ recording }: { recording: Recording }) {
  const queries = useQueryClient();
  const go = useNavigate();
  const [name, setName] = useState('');
  const changed = { onSuccess: () => queries.invalidateQueries({ queryKey: ['recording'] }) };
  const stop = useMutation({ mutationFn: () => must(api.POST('/api/v1/recording/stop')), ...changed });
  const drop = useMutation({ mutationFn: () => must(api.DELETE('/api/v1/recording')), ...changed });
  const save = useMutation({
    mutationFn: async () => {
      const { text } = await must(api.GET('/api/v1/recording/flow', { params: { query: { name } } }));
      const info = await must(api.POST('/api/v1/flows', { params: { header: { 'If-None-Match': '*' } }, body: { files: { 'recorded.flow.yaml': text }, main: 'recorded.flow.yaml' } }));
      await must(api.DELETE('/api/v1/recording'));
      return info;
    },
    onSuccess: async (info) => {
      await go({ to: '/flows/$name/edit', params: { name: info.name } });
      void queries.invalidateQueries({ queryKey: ['recording'] });
    },
  });
  const steps = recording.steps ?? [];
  const problem = stop.error ?? drop.error ?? save.error;
  return (
    <>
      <Card withBorder radius="md" component="section" aria-label="The recording">
        <Stack gap="sm">
          <Group justify="space-between">
            <Text role="status">
              {recording.open ? `Recording at ${recording.url}: ${steps.length} ${steps.length === 1 ? 'step' : 'steps'} so far` : `${steps.length} ${steps.length === 1 ? 'step was' : 'steps were'} recorded at ${recording.url}`}
            </Text>
            <Group gap="xs">
              {recording.open && <Button leftSection={<IconPlayerStop size={18} aria-hidden />} loading={stop.isPending} onClick={() => stop.mutate()}>End the recording</Button>}
              <Button variant="default" loading={drop.isPending} onClick={() => drop.mutate()}>Throw it away</Button>
            </Group>
          </Group>
          {recording.left && <Text size="sm">It has ended by itself, since nobody looked at it any more.</Text>}
          {(recording.trouble ?? []).map((t) => <Text size="sm" key={t}>Not recorded: {t}</Text>)}
          {!recording.open && (
            <form
              onSubmit={(e) => {
                e.preventDefault();
                save.mutate();
              }}
            >
              <Group align="end" gap="sm">
                <TextInput label="Name of the flow" required value={name} onChange={(e) => setName(e.currentTarget.value)} />
                <Button type="submit" loading={save.isPending} disabled={!name.trim() || steps.length === 0}>Save as a draft</Button>
              </Group>
            </form>
          )}
          {problem && <Wrong error={problem} />}
        </Stack>
      </Card>
      {recording.open && recording.page ? <Working recording={recording} /> : <Steps steps={steps} />}
    </>
  );
}

const checks = { visible: 'Visible', text: 'Text', value: 'Value' } as const;
const asks: Record<string, string> = { visible: 'Choose what must be visible', text: 'Choose the text that must be there', value: 'Choose the field with its value' };

/** The browser of a recording in this page, the buttons of the recorder, and the steps. */
function Working({ recording }: { recording: Recording }) {
  const queries = useQueryClient();
  const watched = useScreen('/api/v1/recording');
  const press = useMutation({
    mutationFn: (button: 'pause' | 'visible' | 'text' | 'value' | 'cancel') => must(api.POST('/api/v1/recording/press', { body: { button } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['recording'] }),
  });
  const mode = recording.mode;
  return (
    <>
      <Group gap="xs" role="toolbar" aria-label="Recorder">
        <Button size="xs" variant="default" leftSection={recording.paused ? <IconPlayerPlay size={16} aria-hidden /> : <IconPlayerPause size={16} aria-hidden />} onClick={() => press.mutate('pause')}>{recording.paused ? 'Go on' : 'Pause'}</Button>
        <Text size="sm" c="dimmed">Assert</Text>
        {(['visible', 'text', 'value'] as const).map((what) => (
          <Button key={what} size="xs" variant={mode === what ? 'filled' : 'default'} aria-pressed={mode === what} disabled={recording.paused} onClick={() => press.mutate(mode === what ? 'cancel' : what)}>{checks[what]}</Button>
        ))}
        <Text size="sm" role="status">{mode ? `${asks[mode] ?? ''}, with a click, or with Tab and Enter. Escape cancels.` : recording.paused ? 'Paused: what you do is not recorded.' : ''}</Text>
      </Group>
      {press.error && <Wrong error={press.error} />}
      {watched.trouble && <Text size="sm" role="alert">{watched.trouble}</Text>}
      {watched.over === 'elsewhere' ? (
        <Empty title="The browser is shown in another window"><Button mt="xs" variant="default" onClick={watched.show}>Show it here</Button></Empty>
      ) : (
        <div className="record-work">
          <Screen label="The browser of the recording" frame={watched.frame} state={watched.state} onInput={watched.send} onFiles={(f) => void watched.give(f)} />
          <Card withBorder radius="md" padding="sm" component="section" aria-label="Steps" className="record-steps" tabIndex={0}>
            <ol>
              {(recording.steps ?? []).map((s, i) => (
                <li key={i}>
                  {s.title}
                  {(s.secret || s.value) && <Text size="xs" c="dimmed" className="record-value">{s.secret ? 'a secret, which was not read' : s.value}</Text>}
                </li>
              ))}
            </ol>
          </Card>
        </div>
      )}
    </>
  );
}

function Row({ step }: { step: Step }) {
  const [open, setOpen] = useState(false);
  const ways = step.candidates ?? [];
  const [first] = ways;
  return (
    <Table.Tr>
      <Table.Td>{step.title}</Table.Td>
      <Table.Td className="wrap">{step.secret ? 'a secret, which was not read' : step.value}</Table.Td>
      <Table.Td className="wrap">
        {first && (
          <>
            <Code>{first.query}</Code> <Text span size="xs" c="dimmed">{first.score.toFixed(2)}, {first.reason}</Text>
            {ways.length > 1 && (
              <>
                <div><button type="button" className="as-link" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? 'Fewer ways' : `${ways.length - 1} more ${ways.length === 2 ? 'way' : 'ways'}`}</button></div>
                <Collapse expanded={open}>
                  {ways.slice(1).map((w) => <div key={w.query}><Code>{w.query}</Code> <Text span size="xs" c="dimmed">{w.score.toFixed(2)}, {w.reason}</Text></div>)}
                </Collapse>
              </>
            )}
          </>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** The steps so far. */
function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <Card withBorder radius="md" padding={0} component="section" aria-label="Steps">
      <Table.ScrollContainer minWidth={520}>
        <Table verticalSpacing="xs" horizontalSpacing="md">
          <Table.Thead>
            <Table.Tr><Table.Th>Step</Table.Th><Table.Th>What was entered</Table.Th><Table.Th>Found by</Table.Th></Table.Tr>
          </Table.Thead>
          <Table.Tbody>{steps.map((s, i) => <Row key={i} step={s} />)}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}
