import { Button, Group, JsonInput, Modal, NumberInput, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must } from '../api/client';
import type { FlowDoc } from '../canvas/flow';
import { Wrong } from '../parts/Notice';

type Input = FlowDoc['inputs'][number];

/** The widgets' texts of inputs that are lists, maps or of any type; they are read when the run is started. */
const asJson = (i: Input) => i.type === 'list' || i.type === 'map' || i.type === 'any';

function Field({ input, value, onChange }: { input: Input; value: unknown; onChange: (v: unknown) => void }) {
  const common = { label: input.name, description: input.doc || undefined, required: input.required };
  const written = value === undefined || value === null ? '' : String(value);
  if (input.secret) return <TextInput {...common} description={[input.doc, 'Name of the secret, not its value.'].filter(Boolean).join(' ')} value={written} onChange={(e) => onChange(e.currentTarget.value || undefined)} />;
  if (input.enum?.length) return <Select {...common} data={input.enum.map(String)} value={written || null} onChange={(v) => onChange(input.enum?.find((e) => String(e) === v))} />;
  if (input.type === 'bool') return <Switch label={input.name} description={input.doc || undefined} checked={value === true} onChange={(e) => onChange(e.currentTarget.checked)} />;
  if (input.type === 'int' || input.type === 'number') return <NumberInput {...common} allowDecimal={input.type === 'number'} value={typeof value === 'number' ? value : ''} onChange={(v) => onChange(v === '' ? undefined : Number(v))} />;
  if (asJson(input)) return <JsonInput {...common} autosize minRows={2} maxRows={12} validationError="This is no JSON" value={written} onChange={(v) => onChange(v || undefined)} />;
  return <TextInput {...common} value={written} onChange={(e) => onChange(e.currentTarget.value || undefined)} />;
}

/** Asks for a flow's inputs and gives a run of it to the robots. */
export function Start({ doc, name, version, opened, onClose }: { doc: FlowDoc; name: string; version: string; opened: boolean; onClose: () => void }) {
  const [values, setValues] = useState<Record<string, unknown>>({});
  const [bad, setBad] = useState('');
  const go = useNavigate();
  const start = useMutation({
    mutationFn: (input: Record<string, unknown>) => must(api.POST('/api/v1/runs', { body: { flow: name, version, input } })),
    onSuccess: async (s) => {
      onClose();
      await go({ to: '/runs/$id', params: { id: s.run } });
    },
  });
  const shown = (i: Input) => (i.name in values ? values[i.name] : i.default === undefined || i.default === null ? undefined : asJson(i) ? JSON.stringify(i.default, null, 2) : i.default);
  const send = () => {
    const input: Record<string, unknown> = {};
    for (const i of doc.inputs) {
      const v = values[i.name];
      if (v === undefined) continue;
      if (!asJson(i)) {
        input[i.name] = v;
        continue;
      }
      try {
        input[i.name] = JSON.parse(String(v));
      } catch {
        setBad(`${i.name} is no JSON.`);
        return;
      }
    }
    setBad('');
    start.mutate(input);
  };
  return (
    <Modal opened={opened} onClose={onClose} title={`Run ${name}`} size="lg">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          send();
        }}
      >
        <Stack>
          {doc.inputs.length === 0 && <Text size="sm">It takes no inputs.</Text>}
          {doc.inputs.map((i) => <Field key={i.name} input={i} value={shown(i)} onChange={(v) => setValues((all) => ({ ...all, [i.name]: v }))} />)}
          {bad && <Text size="sm" c="red" role="alert">{bad}</Text>}
          {start.error && <Wrong error={start.error} />}
          <Group justify="end">
            <Button variant="default" onClick={onClose}>Leave it</Button>
            <Button type="submit" loading={start.isPending}>Run</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
