import { Button, Group, Modal, NumberInput, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { api, must, Problem, type Schemas } from '../api/client';
import { Wrong } from '../parts/Notice';
import { local, moment } from './format';
import type { Item } from './itemWords';
import { fieldsOf, initial } from './schema';
import { ContentForm } from './SchemaForm';

interface Props {
  queue: Schemas['Queue'];
  /** The item to edit; none for a new one. */
  item?: Item;
  opened: boolean;
  onClose: () => void;
  onDone: (id?: number) => void;
}

/** Adds a work item, or edits one, by a form from the schema of its queue. */
export function ItemForm(props: Props) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} size="lg" title={props.item ? `Edit item ${props.item.id}` : `Add an item to ${props.queue.name}`}>
      {props.opened && <Fields key={`${props.item?.id ?? 'new'}/${props.item?.version ?? 0}`} {...props} />}
    </Modal>
  );
}

function Fields({ queue, item, onClose, onDone }: Props) {
  const [content, setContent] = useState<Record<string, unknown>>(() => item?.content ?? initial(fieldsOf(queue.schema)));
  const [bad, setBad] = useState('');
  const [reference, setReference] = useState(item?.reference ?? '');
  const [priority, setPriority] = useState<number | ''>(item?.priority ?? 5);
  const [due, setDue] = useState(local(item?.due));
  const [defer, setDefer] = useState(local(item?.defer));
  const send = useMutation({
    mutationFn: async () => {
      const times = { due: due === local(item?.due) ? undefined : moment(due), defer: defer === local(item?.defer) ? undefined : moment(defer) };
      if (item) {
        await must(api.PATCH('/api/v1/items/{id}', { params: { path: { id: item.id }, header: { 'If-Match': item.version } }, body: { content, reference, priority: priority === '' ? undefined : priority, ...times } }));
        return item.id;
      }
      const added = await must(api.POST('/api/v1/queues/{name}/items', { params: { path: { name: queue.name } }, body: { items: [{ content, reference: reference || undefined, priority: priority === '' ? undefined : priority, due: due ? times.due : undefined, defer: defer ? times.defer : undefined }] } }));
      const wrong = added.errors?.[0];
      if (wrong) throw new Problem(422, wrong.error);
      return added.first;
    },
    onSuccess: (id) => onDone(id),
  });
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        if (!bad) send.mutate();
      }}
    >
      <Stack>
        <ContentForm schema={queue.schema} value={content} onChange={setContent} onBad={setBad} />
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput label="Reference" description={queue.unique_reference ? 'Unique in this queue' : 'By which people find it'} maxLength={200} value={reference} onChange={(e) => setReference(e.currentTarget.value)} />
          <NumberInput label="Priority" description="0 to 20, higher first" min={0} max={20} allowDecimal={false} value={priority} onChange={(v) => setPriority(v === '' ? '' : Number(v))} />
          <TextInput label="Due" description="When it should have ended" type="datetime-local" value={due} onChange={(e) => setDue(e.currentTarget.value)} />
          <TextInput label="Not before" description="Empty for at once" type="datetime-local" value={defer} onChange={(e) => setDefer(e.currentTarget.value)} />
        </SimpleGrid>
        {item && <Text size="sm" c="dimmed">A run that had the item before has it no more.</Text>}
        {bad && <Text size="sm" className="bad" role="alert">{bad}</Text>}
        {send.error && <Wrong error={send.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Leave it</Button>
          <Button type="submit" disabled={!!bad} loading={send.isPending}>{item ? 'Save' : 'Add'}</Button>
        </Group>
      </Stack>
    </form>
  );
}
