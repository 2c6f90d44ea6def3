import { Checkbox, MultiSelect, NumberInput, Select, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';

import type { Ask, Field } from './question';

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
    case 'files':
      return <Textarea {...common} description={field.help || 'One file a line, as the robot sees them.'} autosize minRows={2} value={Array.isArray(value) ? value.join('\n') : written} onChange={(e) => onChange(e.currentTarget.value ? e.currentTarget.value.split('\n') : undefined)} />;
    case 'date':
    case 'time':
    case 'color':
      return <TextInput {...common} type={field.type} value={written} onChange={(e) => onChange(e.currentTarget.value || undefined)} />;
    default:
      return <TextInput {...common} value={written} onChange={(e) => onChange(e.currentTarget.value)} />;
  }
}

interface Props {
  ask: Ask;
  values: Record<string, unknown>;
  onChange: (values: Record<string, unknown>) => void;
}

/** What a question wants filled in, page by page below each other. */
export function AskFields({ ask, values, onChange }: Props) {
  const fields = ask.fields ?? [];
  const pages = ask.pages?.length ? ask.pages : [{}];
  return (
    <Stack gap="sm">
      {pages.map((p, i) => (
        <Stack gap="sm" key={i}>
          {p.title && <Title order={3} size="h6">{p.title}</Title>}
          {p.message && <Text size="sm" className="lines">{p.message}</Text>}
          {fields.filter((f) => (f.page ?? 0) === i || (i === 0 && (f.page ?? 0) >= pages.length)).map((f) => (
            <Input key={f.name} field={f} value={values[f.name]} onChange={(v) => onChange({ ...values, [f.name]: v })} />
          ))}
        </Stack>
      ))}
    </Stack>
  );
}
