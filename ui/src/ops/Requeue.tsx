import { Button, Group, JsonInput, Modal, NumberInput, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, must } from '../api/client';
import { Wrong } from '../parts/Notice';
import { count } from './format';
import { readContent } from './schema';

/** Dead letters: by their numbers, or all that have something in common. */
export interface Dead {
  jobs?: number[];
  flow?: string;
  reason?: string;
  all?: boolean;
}

interface Props {
  which: Dead;
  /** How many they are. */
  many: number;
  /** The run of the only one, whose inputs are then shown. */
  run?: string;
  opened: boolean;
  onClose: (done: boolean) => void;
}

/** Tries dead letters again, with another priority, other needs, and other inputs. */
export function Requeue(props: Props) {
  return (
    <Modal opened={props.opened} onClose={() => props.onClose(false)} size="lg" title={props.many === 1 ? 'Try the dead letter again' : `Try ${count(props.many, 'dead letter')} again`}>
      {props.opened && <Fields {...props} />}
    </Modal>
  );
}

function Fields({ which, many, run, onClose }: Props) {
  const [priority, setPriority] = useState<number | ''>('');
  const [needs, setNeeds] = useState('');
  const [edit, setEdit] = useState(false);
  const [text, setText] = useState<string | null>(null);
  const old = useQuery({ queryKey: ['run', run], enabled: edit && !!run, queryFn: () => must(api.GET('/api/v1/runs/{id}', { params: { path: { id: run ?? '' } } })) });
  const written = text ?? (old.data ? JSON.stringify(old.data.input ?? {}, null, 2) : run ? '' : '{}');
  const { content, bad } = readContent(written);
  const send = useMutation({
    mutationFn: () => must(api.POST('/api/v1/jobs/requeue', { body: { ...which, priority: priority === '' ? undefined : priority, needs: needs || undefined, input: edit && content && Object.keys(content).length > 0 ? content : undefined } })),
    onSuccess: () => onClose(true),
  });
  return (
    <Stack>
      <Text size="sm">{many === 1 ? 'It' : 'Each'} goes on from the node that failed. What is left empty stays as it is.</Text>
      <NumberInput label="Priority" description="0 to 20, higher first" min={0} max={20} allowDecimal={false} value={priority} onChange={(v) => setPriority(v === '' ? '' : Number(v))} />
      <TextInput label="Needs" description="What a robot must have, as an expression over labels" placeholder="linux && chromium" value={needs} onChange={(e) => setNeeds(e.currentTarget.value)} />
      <Switch label="Edit the inputs" description="What was recorded is used as far as it does not depend on them; the rest happens again." checked={edit} onChange={(e) => setEdit(e.currentTarget.checked)} />
      {edit && (
        <JsonInput
          label="Inputs"
          description={run ? 'Those of the run, as JSON' : 'Only those that are to be others, as JSON; each run keeps its own in the rest'}
          placeholder={run ? undefined : '{ "date": "2026-11-30" }'}
          autosize
          minRows={4}
          maxRows={16}
          disabled={!!run && old.isPending}
          value={written}
          onChange={setText}
        />
      )}
      {edit && bad && written !== '' && <Text size="sm" className="bad" role="alert">{bad}</Text>}
      {old.error && <Wrong error={old.error} />}
      {send.error && <Wrong error={send.error} />}
      <Group justify="end">
        <Button variant="default" onClick={() => onClose(false)}>Leave it</Button>
        <Button loading={send.isPending} disabled={edit && (!!bad || (!!run && !old.data))} onClick={() => send.mutate()}>Try again</Button>
      </Group>
    </Stack>
  );
}
