import { Autocomplete, MultiSelect, NumberInput, Select, Switch } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';

import { Loading } from '../parts/Notice';
import { useForm } from './env';
import { Fields } from './Fields';
import { ListWidget, MapWidget } from './Lists';
import { Target } from './Target';
import { TextField } from './Text';
import { durationProblem, isRecord, type Field, type Path } from './values';

const Code = lazy(() => import('./Code'));

export interface WidgetProps {
  id?: string;
  field: Field;
  value: unknown;
  path: Path;
  set: (path: Path, value: unknown) => void;
}

/** Whether a field is written as text, which may have expressions within. */
export const isText = (f: Field): boolean => f.kind === 'string' && !f.enum?.length;

const written = (v: unknown): string => (v === undefined || v === null ? '' : typeof v === 'string' ? v : JSON.stringify(v));

/** The form control for a kind of field: the one place that decides which. */
export function Widget(props: WidgetProps) {
  const { id, field, value, path, set } = props;
  const label = field.name || String(path.at(-1) ?? 'value');
  const byDefault = field.default === undefined || field.default === null ? undefined : written(field.default);
  const text = { id, label, path, required: field.required, placeholder: byDefault, value: written(value), onCommit: (t: string) => set(path, t === '' ? undefined : t) };
  switch (field.kind) {
    case 'string':
      if (field.enum?.length) return <Choice {...props} label={label} options={field.enum} />;
      if (field.widget === 'code') return <CodeArea {...props} label={label} />;
      return <TextField {...text} expressions={!field.raw} lines={field.widget === 'multiline'} mono={field.widget === 'file' || field.widget === 'folder' || field.widget === 'selector'} placeholder={text.placeholder ?? hints[field.widget ?? '']} />;
    case 'int':
    case 'number':
      return <Amount {...props} label={label} />;
    case 'bool':
      return <Switch id={id} aria-label={label} size="sm" checked={(value ?? field.default) === true} onChange={(e) => set(path, e.currentTarget.checked)} label={(value ?? field.default) === true ? 'yes' : 'no'} />;
    case 'duration':
      return <TextField {...text} problem={durationProblem} placeholder={byDefault ?? 'such as 30s'} />;
    case 'secret':
      return <SecretName {...props} label={label} />;
    case 'target':
      return <Target {...props} />;
    case 'object':
      return (
        <div className="field-group" role="group" aria-label={label}>
          <Fields fields={field.fields ?? []} values={isRecord(value) ? value : {}} path={path} set={set} />
        </div>
      );
    case 'map':
      return <MapWidget {...props} label={label} />;
    case 'list':
    case 'rows':
      if (field.elem?.enum?.length) return <MultiSelect id={id} aria-label={label} size="sm" data={field.elem.enum} value={Array.isArray(value) ? value.map(String) : []} onChange={(v) => set(path, v.length ? v : undefined)} comboboxProps={{ withinPortal: true }} />;
      return <ListWidget {...props} label={label} />;
  }
  return <AnyValue {...props} label={label} />;
}

const hints: Record<string, string> = { file: 'reports/today.csv', folder: 'reports', flow: 'other.flow.yaml' };

function Choice({ id, field, value, path, set, label, options }: WidgetProps & { label: string; options: readonly string[] }) {
  const data = typeof value === 'string' && value && !options.includes(value) ? [value, ...options] : [...options];
  return <Select id={id} aria-label={label} size="sm" data={data} clearable={!field.required} allowDeselect={false} comboboxProps={{ withinPortal: true }} placeholder={written(field.default)} value={typeof value === 'string' ? value : null} onChange={(v) => set(path, v ?? undefined)} />;
}

/** A number; kept when the field is left. */
function Amount({ id, field, value, path, set, label }: WidgetProps & { label: string }) {
  const [draft, setDraft] = useState<number | string | null>(null);
  const keep = () => {
    if (draft === null) return;
    setDraft(null);
    const n = draft === '' ? undefined : Number(draft);
    if (n !== value && !(n !== undefined && Number.isNaN(n))) set(path, n);
  };
  return (
    <NumberInput
      id={id}
      aria-label={label}
      size="sm"
      allowDecimal={field.kind === 'number'}
      min={field.min}
      max={field.max}
      placeholder={written(field.default)}
      value={draft ?? (typeof value === 'number' ? value : '')}
      onChange={setDraft}
      onBlur={keep}
      onKeyDown={(e) => (e.key === 'Enter' || ((e.ctrlKey || e.metaKey) && e.key === 's')) && keep()}
    />
  );
}

/** The name of a secret: never its value. */
function SecretName({ id, value, path, set, label }: WidgetProps & { label: string }) {
  const { secrets } = useForm();
  const name = isRecord(value) && typeof value.secret === 'string' ? value.secret : '';
  const [draft, setDraft] = useState<string | null>(null);
  const keep = (t = draft) => {
    if (t === null) return;
    setDraft(null);
    if (t !== name) set(path, t ? { secret: t } : undefined);
  };
  return <Autocomplete id={id} aria-label={label} size="sm" data={[...secrets]} placeholder="Name of a secret" value={draft ?? name} onChange={setDraft} onOptionSubmit={(t) => keep(t)} onBlur={() => keep()} comboboxProps={{ withinPortal: true }} />;
}

function CodeArea({ field, value, path, set, label }: WidgetProps & { label: string }) {
  return (
    <Suspense fallback={<Loading />}>
      <Code label={label} value={written(value)} onCommit={(t) => set(path, t === '' ? undefined : t)} path={path} placeholder={written(field.default)} />
    </Suspense>
  );
}

/** A value of any kind: plain text, or JSON for what is no text. */
export function AnyValue({ id, value, path, set, label }: WidgetProps & { label: string }) {
  const asText = value === undefined || typeof value === 'string';
  return (
    <TextField
      id={id}
      label={label}
      path={path}
      expressions
      mono={!asText}
      lines={!asText && typeof value === 'object' && value !== null}
      value={asText ? (plain(value ?? '') ? (value ?? '') : JSON.stringify(value)) : JSON.stringify(value, null, 2)}
      placeholder="text, or JSON such as 5, true, [1, 2]"
      onCommit={(t) => set(path, read(t))}
    />
  );
}

/** Whether a text is read as that text again. */
const plain = (t: string) => read(t) === t || t === '';

/** Reads what was written: JSON where it is some, else the text itself. */
export function read(t: string): unknown {
  if (t.trim() === '') return undefined;
  if (t.includes('{{') && !/^\s*[[{]\s*["[{\]}]/.test(t)) return t;
  try {
    return JSON.parse(t);
  } catch {
    return t;
  }
}
