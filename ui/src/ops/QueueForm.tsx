import { Button, Checkbox, Group, JsonInput, Modal, NumberInput, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { Wrong } from '../parts/Notice';

type Queue = Schemas['Queue'];

/** Spans come as 24h0m0s; people write 24h. */
const short = (span: string | undefined) => {
  const s = (span ?? '').replace(/(?<=[hm])0s$/, '').replace(/(?<=h)0m$/, '');
  return s === '0s' ? '' : s;
};
const written = (schema: unknown) => (schema === undefined || schema === null ? '' : JSON.stringify(schema, null, 2));
const example = '{\n  "type": "object",\n  "required": ["number"],\n  "properties": {\n    "number": { "type": "string" },\n    "total": { "type": "number" }\n  }\n}';

interface Props {
  /** The queue to change; none for a new one. */
  queue?: Queue;
  opened: boolean;
  onClose: () => void;
  onDone: (name: string) => void;
}

/** Makes a queue of work items, or changes its rules. */
export function QueueForm(props: Props) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} size="lg" title={props.queue ? `Settings of ${props.queue.name}` : 'New queue of work items'}>
      {props.opened && <Fields {...props} />}
    </Modal>
  );
}

function Fields({ queue, onClose, onDone }: Props) {
  const [name, setName] = useState(queue?.name ?? '');
  const [description, setDescription] = useState(queue?.description ?? '');
  const [schema, setSchema] = useState(written(queue?.schema));
  const [output, setOutput] = useState(written(queue?.output_schema));
  const [unique, setUnique] = useState(queue?.unique_reference ?? false);
  const [retries, setRetries] = useState<number | ''>(queue?.max_retries ?? 0);
  const [backoff, setBackoff] = useState(short(queue?.retry_backoff));
  const [sla, setSla] = useState(short(queue?.sla));
  const [risk, setRisk] = useState(short(queue?.sla_risk));
  const [lease, setLease] = useState(short(queue?.lease));
  const [abandon, setAbandon] = useState<number | ''>(queue?.abandon_after ?? '');
  const [bad, setBad] = useState('');
  const send = useMutation({
    mutationFn: (schemas: { schema?: unknown; output_schema?: unknown }) =>
      must(
        api.PUT('/api/v1/queues/{name}', {
          params: { path: { name } },
          body: {
            description: description || undefined, ...schemas, unique_reference: unique, max_retries: retries === '' ? 0 : retries, retry_backoff: backoff || undefined,
            sla: sla || undefined, sla_risk: risk || undefined, lease: lease || undefined, abandon_after: abandon === '' ? undefined : abandon,
          },
        }),
      ),
    onSuccess: () => onDone(name),
  });
  const submit = () => {
    try {
      const schemas = { schema: schema.trim() ? (JSON.parse(schema) as unknown) : undefined, output_schema: output.trim() ? (JSON.parse(output) as unknown) : undefined };
      setBad('');
      send.mutate(schemas);
    } catch {
      setBad('A schema is JSON.');
    }
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <Stack>
        {!queue && <TextInput label="Name" required maxLength={100} value={name} onChange={(e) => setName(e.currentTarget.value)} />}
        <TextInput label="Description" value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
        <JsonInput label="Schema of the contents" description="JSON Schema; empty takes anything. Forms are made of it, and cells of CSV files are read by it." placeholder={example} autosize minRows={4} maxRows={16} validationError="This is no JSON" value={schema} onChange={setSchema} />
        <JsonInput label="Schema of the outputs" description="JSON Schema; empty takes anything." autosize minRows={2} maxRows={12} validationError="This is no JSON" value={output} onChange={setOutput} />
        <Checkbox label="References are unique" description={queue ? 'This cannot be changed any more.' : 'A second item with the same reference is refused.'} disabled={!!queue} checked={unique} onChange={(e) => setUnique(e.currentTarget.checked)} />
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <NumberInput label="Retries" description="After an application failure" min={0} max={100} allowDecimal={false} value={retries} onChange={(v) => setRetries(v === '' ? '' : Number(v))} />
          <TextInput label="Rest before a retry" description="Doubled with each" placeholder="30s" value={backoff} onChange={(e) => setBackoff(e.currentTarget.value)} />
          <TextInput label="Due after" description="From its adding" placeholder="24h" value={sla} onChange={(e) => setSla(e.currentTarget.value)} />
          <TextInput label="At risk after" description="It then goes before all others" placeholder="20h" value={risk} onChange={(e) => setRisk(e.currentTarget.value)} />
          <TextInput label="Lease" description="Without a heartbeat of the run" placeholder="1m" value={lease} onChange={(e) => setLease(e.currentTarget.value)} />
          <NumberInput label="Give up after" description="So many runs that died with it" placeholder="3" min={1} max={100} allowDecimal={false} value={abandon} onChange={(v) => setAbandon(v === '' ? '' : Number(v))} />
        </SimpleGrid>
        {queue && <Text size="sm" c="dimmed">Items that are in the queue stay as they are.</Text>}
        {bad && <Text size="sm" className="bad" role="alert">{bad}</Text>}
        {send.error && <Wrong error={send.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Leave it</Button>
          <Button type="submit" loading={send.isPending}>{queue ? 'Save' : 'Make the queue'}</Button>
        </Group>
      </Stack>
    </form>
  );
}
