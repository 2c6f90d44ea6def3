import { Button, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must } from '../api/client';
import { AskBody } from '../ask/AskBody';
import { AskFields } from '../ask/AskFields';
import { LinkMaker } from '../ask/LinkMaker';
import { askOf, person, startValues, type AskButton, type Asking } from '../ask/question';
import { useMay } from '../parts/may';
import { Wrong } from '../parts/Notice';
import { When } from '../parts/When';
import { me } from '../router';

/** What the run asks now, for the page of one run. */
export function useAskings(run: string, on: boolean) {
  return useQuery({
    queryKey: ['run', run, 'questions'],
    enabled: on,
    queryFn: () => must(api.GET('/api/v1/questions', { params: { query: { run } } })),
    refetchInterval: 5000,
  });
}

/** What is asked of a kind, where the flow gives it no title. */
const titles: Record<string, string> = {
  approval: 'The run asks for an approval',
  interrupted: 'A step was cut short',
  session: 'The page is not where it was',
  doubt: 'It is not certain what is meant',
};

/** What stands on the buttons of a step that was cut short: their names are those of the command line. */
const cutShort: Record<string, string> = { skip: 'It was done: go on', again: 'Do it again', fail: 'Fail' };

/** A question of a run with its buttons; the answer goes to the run wherever it is executed. */
export function Question({ asking, onAnswered }: { asking: Asking; onAnswered: () => void }) {
  const { run, path, kind } = asking;
  const may = useMay()('runs.write');
  const { data: who } = useQuery(me);
  const ask = askOf(asking.ask);
  const fields = ask.fields ?? [];
  const [values, setValues] = useState(() => startValues(fields));
  const [comment, setComment] = useState('');
  const [linking, setLinking] = useState(false);
  const buttons = ask.buttons ?? [];
  const secret = fields.some((f) => f.type === 'secret');
  const given = asking.given ?? [];
  const cut = kind === 'interrupted';
  const starter = ask.not_starter && person(asking.started_by ?? '') === person(who?.name ?? '');
  const send = useMutation({
    mutationFn: (button: AskButton) =>
      must(
        api.POST('/api/v1/runs/{id}/answer', {
          params: { path: { id: run } },
          body: { at: path, comment: comment || undefined, answer: fields.length && !button.cancels ? JSON.stringify({ button: button.name, values }) : button.name },
        }),
      ),
    onSettled: onAnswered,
  });
  const src = `/api/v1/runs/${encodeURIComponent(run)}/question/picture?at=${encodeURIComponent(path)}`;
  return (
    <Card withBorder radius="md" component="section" aria-label="Question" className="question">
      <Stack gap="sm">
        <Group justify="space-between" align="start" wrap="nowrap">
          <div>
            <Title order={2} size="h5">{ask.title || titles[kind] || 'The run asks'}</Title>
            <Text size="xs" c="dimmed"><span className="mono">{path}</span> · asked <When at={asking.asked} /></Text>
          </div>
          {may && !secret && !asking.answered && <Button size="xs" variant="default" flex="none" leftSection={<IconLink size={14} aria-hidden />} onClick={() => setLinking(true)}>Link…</Button>}
        </Group>
        <AskBody
          ask={cut || kind === 'session' || kind === 'doubt' ? { ...ask, message: sentence(ask.message ?? '') } : ask}
          text={asking.text}
          given={given}
          until={asking.until}
          late={asking.late}
          picture={asking.picture && (
            <figure className="ask-picture">
              <a href={src} target="_blank" rel="noreferrer"><img src={src} alt="The page of the run, as it was kept last" /></a>
            </figure>
          )}
        >
          {cut && <Text size="sm">Look at the other side first: if it was done, go on; doing it again may do it twice.</Text>}
          {kind === 'doubt' && <Text size="sm"><Link to="/healing">See what was found on the page Healing</Link></Text>}
          {secret && <Text size="sm">It asks for a secret, which must not be written down: answer on a terminal, with <span className="mono">aether runs resume {run}</span>.</Text>}
          {asking.answered ? (
            <Text size="sm" role="status">It is answered. The run goes on as soon as a robot is free.</Text>
          ) : (
            <>
              {!secret && may && <AskFields ask={ask} values={values} onChange={setValues} />}
              {may && kind === 'approval' && <TextInput label="Comment" value={comment} onChange={(e) => setComment(e.currentTarget.value)} />}
              {send.error && <Wrong error={send.error} />}
              {!may && <Text size="sm" c="dimmed">Your role may not answer it.</Text>}
              {may && asking.refused && !send.error && <Text size="sm" role="status">Not by you: {asking.refused}.</Text>}
              {may && (
                <Group gap="xs">
                  {buttons.map((b, i) => (
                    <Button key={b.name} size="sm" variant={i === 0 && !cut ? 'filled' : 'default'} loading={send.isPending && send.variables.name === b.name} disabled={send.isPending || starter || (i === 0 && !!asking.refused) || (secret && !b.cancels)} onClick={() => send.mutate(b)}>
                      {b.label || (cut && cutShort[b.name]) || b.name}
                    </Button>
                  ))}
                </Group>
              )}
            </>
          )}
        </AskBody>
      </Stack>
      <LinkMaker run={run} path={path} opened={linking} onClose={() => setLinking(false)} />
    </Card>
  );
}

const sentence = (s: string) => s.charAt(0).toUpperCase() + s.slice(1);
