import { Checkbox, JsonInput, NumberInput, SegmentedControl, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';

import { fieldsOf, readContent, type FormField } from './schema';

type Content = Record<string, unknown>;

function Field({ field, value, onChange }: { field: FormField; value: unknown; onChange: (v: unknown) => void }) {
  const common = { label: field.label, description: field.help, required: field.required };
  const written = value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  switch (field.kind) {
    case 'choice':
      return <Select {...common} clearable={!field.required} data={field.choices.map(String)} value={value === undefined || value === null ? null : String(value)} onChange={(v) => onChange(v === null ? undefined : field.choices.find((c) => String(c) === v))} />;
    case 'flag':
      return <Checkbox label={field.label} description={field.help} checked={value === true} onChange={(e) => onChange(e.currentTarget.checked)} />;
    case 'number':
    case 'integer':
      return <NumberInput {...common} allowDecimal={field.kind === 'number'} value={typeof value === 'number' ? value : ''} onChange={(v) => onChange(v === '' ? undefined : Number(v))} />;
    case 'lines':
      return <Textarea {...common} autosize minRows={2} maxRows={10} value={written} onChange={(e) => onChange(e.currentTarget.value || undefined)} />;
    case 'date':
      return <TextInput {...common} type="date" value={written} onChange={(e) => onChange(e.currentTarget.value || undefined)} />;
    case 'json':
      return <JsonText field={field} value={value} onChange={onChange} />;
    default:
      return <TextInput {...common} value={written} onChange={(e) => onChange(e.currentTarget.value || undefined)} />;
  }
}

/** A field of any type, which is written as JSON; what is no JSON yet is kept as text in the field. */
function JsonText({ field, value, onChange }: { field: FormField; value: unknown; onChange: (v: unknown) => void }) {
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)));
  return (
    <JsonInput
      label={field.label}
      description={[field.help, 'As JSON; text in quotation marks.'].filter(Boolean).join(' ')}
      required={field.required}
      autosize
      minRows={1}
      maxRows={10}
      validationError="This is no JSON"
      value={text}
      onChange={(v) => {
        setText(v);
        try {
          onChange(v.trim() === '' ? undefined : JSON.parse(v));
        } catch {
          onChange(v); // the server says that it does not fit, should it be sent so
        }
      }}
    />
  );
}

interface Props {
  schema: unknown;
  value: Content;
  onChange: (v: Content) => void;
  /** What is wrong with the JSON, or nothing. */
  onBad: (bad: string) => void;
}

/** A content of a work item: as a form where its schema allows one, and as JSON. */
export function ContentForm({ schema, value, onChange, onBad }: Props) {
  const fields = fieldsOf(schema);
  const [asJson, setAsJson] = useState(!fields);
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const set = (name: string, v: unknown) => onChange(Object.fromEntries(Object.entries({ ...value, [name]: v }).filter(([, x]) => x !== undefined)));
  const others = fields ? Object.keys(value).filter((k) => !fields.some((f) => f.name === k)) : [];
  return (
    <Stack gap="sm">
      {fields && (
        <SegmentedControl
          aria-label="How the content is written"
          data={[{ value: 'form', label: 'Form' }, { value: 'json', label: 'JSON' }]}
          value={asJson ? 'json' : 'form'}
          onChange={(v) => {
            if (v === 'json') setText(JSON.stringify(value, null, 2));
            onBad('');
            setAsJson(v === 'json');
          }}
        />
      )}
      {asJson || !fields ? (
        <JsonInput
          label="Content"
          description="A JSON object"
          autosize
          minRows={5}
          maxRows={20}
          value={text}
          onChange={(v) => {
            setText(v);
            const { content, bad } = readContent(v);
            if (content) onChange(content);
            onBad(bad ?? '');
          }}
        />
      ) : (
        <>
          {fields.map((f) => <Field key={f.name} field={f} value={value[f.name]} onChange={(v) => set(f.name, v)} />)}
          {others.length > 0 && <Text size="sm" c="dimmed">It also has {others.join(', ')}; see JSON.</Text>}
        </>
      )}
    </Stack>
  );
}
