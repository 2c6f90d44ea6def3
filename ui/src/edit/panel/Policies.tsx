import { FieldRow } from '../../forms/FieldRow';
import { isRecord, type Field, type Path } from '../../forms/values';
import type { Catalog } from '../catalog';

interface Keys {
  on_error: readonly string[];
  on_interrupted: readonly string[];
  failures: readonly string[];
}

/** The fields of a node that are not params, as a form. */
export function policyFields(keys: Keys, acts: boolean): Field[] {
  const retry: Field = {
    name: 'retry',
    kind: 'object',
    doc: 'Tries again when it failed in a way that may pass.',
    fields: [
      { name: 'max_attempts', kind: 'int', doc: 'Tries in all.', min: 1, max: 100 },
      { name: 'initial', kind: 'duration', doc: 'Pause before the second try.', default: '1s' },
      { name: 'factor', kind: 'number', doc: 'Each pause is this many times the one before.', default: 2, min: 1 },
      { name: 'max', kind: 'duration', doc: 'Longest pause.', default: '5m' },
      { name: 'on', kind: 'list', elem: { kind: 'string', enum: [...keys.failures] }, doc: 'Kinds of failures; none for all that may pass by themselves.' },
    ].map((f) => ({ ...f, raw: true })),
  };
  const out: Field[] = [
    { name: 'timeout', kind: 'duration', doc: acts ? 'Longest time of one try.' : 'Longest time of all that it does.', raw: true },
    { name: 'on_error', kind: 'string', enum: [...keys.on_error], default: 'fail', doc: 'What happens when it failed for good, unless a wire leaves its port error.', raw: true },
    { ...retry, raw: true },
    { name: 'on_interrupted', kind: 'string', enum: [...keys.on_interrupted], doc: 'What happens when a crash cut it short after it may have acted.', raw: true },
    { name: 'disabled', kind: 'bool', default: false, doc: 'The flow passes it by.', raw: true },
  ];
  return acts ? out : out.filter((f) => f.name !== 'retry' && f.name !== 'on_interrupted');
}

/** How a node runs: limits, tries, and what follows a failure. */
export function Policies({ raw, type, catalog, keys, set }: { raw: Record<string, unknown>; type: string; catalog: Catalog; keys: Keys; set: (path: Path, value: unknown) => void }) {
  const acts = catalog.of(type)?.effect !== 'steers';
  return (
    <div className="policies">
      {policyFields(keys, acts).map((f) => (
        <FieldRow key={f.name} field={f} value={f.kind === 'object' && !isRecord(raw[f.name ?? '']) ? undefined : raw[f.name ?? '']} path={[f.name ?? '']} set={set} />
      ))}
    </div>
  );
}
