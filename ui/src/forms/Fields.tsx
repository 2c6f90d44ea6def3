import { Button, Collapse, Stack, Title } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';

import { FieldRow } from './FieldRow';
import { shown, type Field, type Path } from './values';

interface Props {
  fields: readonly Field[];
  values: Record<string, unknown>;
  /** Where the values stand. */
  path: Path;
  set: (path: Path, value: unknown) => void;
}

/** Fields with their values, in groups; those for special cases are folded until something is set in them. */
export function Fields({ fields, values, path, set }: Props) {
  const [open, setOpen] = useState(false);
  const seen = fields.filter((f) => shown(f, fields, values));
  const special = seen.filter((f) => f.advanced && values[f.name ?? ''] === undefined);
  const rest = seen.filter((f) => !special.includes(f));
  const row = (f: Field) => <FieldRow key={f.name} field={f} value={values[f.name ?? '']} path={[...path, f.name ?? '']} set={set} />;
  const groups = [...new Set(rest.map((f) => f.group ?? ''))];
  return (
    <Stack gap="sm">
      {groups.map((g) => (
        <Stack gap="sm" key={g} role={g ? 'group' : undefined} aria-label={g || undefined}>
          {g && <Title order={4} size="xs" c="dimmed" tt="uppercase">{g}</Title>}
          {rest.filter((f) => (f.group ?? '') === g).map(row)}
        </Stack>
      ))}
      {special.length > 0 && (
        <div>
          <Button size="compact-xs" variant="subtle" color="gray" aria-expanded={open} onClick={() => setOpen(!open)} leftSection={open ? <IconChevronDown size={13} aria-hidden /> : <IconChevronRight size={13} aria-hidden />}>
            {open ? 'Fewer settings' : `${special.length} more ${special.length === 1 ? 'setting' : 'settings'}`}
          </Button>
          <Collapse expanded={open}>{open && <Stack gap="sm" mt="sm">{special.map(row)}</Stack>}</Collapse>
        </div>
      )}
    </Stack>
  );
}
