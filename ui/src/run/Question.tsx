import { Button, Card, Checkbox, Group, MultiSelect, NumberInput, Select, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must } from '../api/client';
import { Json } from '../parts/Json';
import { useMay } from '../parts/may';
import { Wrong } from '../parts/Notice';

interface Field {
  name: string;
  type: string;
  label?: string;
  help?: string;
  placeholder?: string;
  required?: boolean;
  default?: unknown;
  choices?: { value: unknown; label?: string }[];
}

interface Ask {
  kind?: string;
  title?: string;
  message?: string;
  fields?: Field[];
  buttons?: { name: string; label?: string; cancels?: boolean }[];
  details?: { text?: string; data?: Record<string, unknown>; columns?: string[]; rows?: Record<string, unknown>[] };
}

/** What a run waits for, as the server tells it. */
export interface Wait {
  path: string;
  kind: string;
  question?: string;
  choices?: string[];
  until?: number | string;
  topic?: string;
  ask?: Ask;
}

function Input({ field, value, onChange }: { field: Field; value: unknown; onChange: (v: unknown) => void }) {
  const label = field.label || field.name;
  const common = { label, description: field.help, required: field.required, placeholder: field.placeholder };
  const written = value === undefined || value === null ? '' : String(value);
  const options = (field.choices ?? []).map((c) => ({ value: String(c.value), label: c.label || String(c.value) }));
  const real = (v: string) => (field.choices ?? []).find((c) => String(c.value) === v)?.value;
  switch (field.type) {
    case 'choice':
      return <Select {...common} data={options} value={value === undefined ? null : written} onChange={(v) => onChange(v === null ? undefined : real(v))} />;
    case 'choices':
      return <MultiSelect {...common} data={options} value={Array.isArray(value) ? value.map(String) : []} onChange={(all) => onChange(all.map(real))} />;
    case 'bool':
      return <Checkbox label={label} description={field.help} checked={value === true} onChange={(e) => onChange(e.currentTarget.checked)} />;
    case 'number':
    case 'integer':
      return <NumberInput {...common} value={typeof value === 'number' ? value : ''} onChange={(v) => onChange(v === '' ? undefined : Number(v))} allowDecimal={field.type === 'number'} />;
    case 'multiline':
      return <Textarea {...common} autosize minRows={3} value={written} onChange={(e) => onChange(e.currentTarget.value)} />;
    case 'date':
    case 'time':
    case 'color':
      return <TextInput {...common} type={field.type} value={written} onChange={(e) => onChange(e.currentTarget.value || undefined)} />;
    default:
      return <TextInput {...common} value={written} onChange={(e) => onChange(e.currentTarget.value)} />;
  }
}

/** A question of a run with its buttons; the answer goes to the run wherever it is executed. */
export function Question({ run, wait, onAnswered }: { run: string; wait: Wait; onAnswered: () => void }) {
  const may = useMay()('runs.write');
  const ask = wait.ask ?? {};
  const fields = ask.fields ?? [];
  const [values, setValues] = useState<Record<string, unknown>>(() => Object.fromEntries(fields.filter((f) => f.default !== undefined && f.default !== null).map((f) => [f.name, f.default])));
  const [comment, setComment] = useState('');
  const buttons = ask.buttons?.length ? ask.buttons : (wait.choices ?? []).map((name) => ({ name, label: '', cancels: false }));
  const secret = fields.some((f) => f.type === 'secret');
  const send = useMutation({
    mutationFn: (button: { name: string; cancels?: boolean }) =>
      must(
        api.POST('/api/v1/runs/{id}/answer', {
          params: { path: { id: run } },
          body: { at: wait.path, comment: comment || undefined, answer: fields.length && !button.cancels ? JSON.stringify({ button: button.name, values }) : button.name },
        }),
      ),
    onSuccess: onAnswered,
  });
  return (
    <Card withBorder radius="md" component="section" aria-label="Question" className="question">
      <Stack gap="sm">
        <div>
          <Title order={2} size="h5">{ask.title || 'The run asks'}</Title>
          <Text size="xs" c="dimmed" className="mono">{wait.path}</Text>
        </div>
        <Text>{ask.message || wait.question}</Text>
        {ask.details?.text && <Text size="sm">{ask.details.text}</Text>}
        {wait.kind === 'doubt' && <Text size="sm"><Link to="/healing">See what was found on the page Healing</Link></Text>}
        {ask.details?.data && <Json value={ask.details.data} label="Details" />}
        {ask.details?.rows && <Json value={ask.details.rows} label="Rows" />}
        {secret && <Text size="sm">It asks for a secret, which must not be written down: answer on a terminal, with <span className="mono">aether runs resume {run}</span>.</Text>}
        {!secret && fields.map((f) => (
          <Input key={f.name} field={f} value={values[f.name]} onChange={(v) => setValues((all) => ({ ...all, [f.name]: v }))} />
        ))}
        {wait.kind === 'approval' && <TextInput label="Comment" value={comment} onChange={(e) => setComment(e.currentTarget.value)} />}
        {send.error && <Wrong error={send.error} />}
        {!may && <Text size="sm" c="dimmed">Your role may not answer it.</Text>}
        <Group gap="xs">
          {may && buttons.map((b, i) => (
            <Button key={b.name} size="sm" variant={i === 0 ? 'filled' : 'default'} loading={send.isPending && send.variables.name === b.name} disabled={send.isPending} onClick={() => send.mutate(b)}>
              {b.label || b.name}
            </Button>
          ))}
        </Group>
      </Stack>
    </Card>
  );
}
