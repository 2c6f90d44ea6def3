import { ActionIcon, Button, Group, Text } from '@mantine/core';
import { IconArrowUp, IconCrosshair, IconPlus, IconTrash } from '@tabler/icons-react';

import { useForm } from './env';
import { Live } from './Live';
import { TextField } from './Text';
import { isRecord, type Path } from './values';
import type { WidgetProps } from './Widget';

const texts = (v: unknown): string[] => (typeof v === 'string' ? [v] : Array.isArray(v) ? v.filter((x): x is string => typeof x === 'string') : []);

/** Queries for an element of a page: the first that finds one element is used. */
export function Target({ id, field, value, path, set }: WidgetProps) {
  const map = isRecord(value) ? value : undefined;
  const queries = texts(map ? map.queries : value);
  const label = field.name || 'target';
  const { pick } = useForm();
  const write = (list: string[]) => {
    const at: Path = map ? [...path, 'queries'] : path;
    set(at, list.length === 0 ? undefined : list.length === 1 ? list[0] : list);
  };
  const change = (i: number, t: string) => write(t.trim() ? queries.map((q, j) => (j === i ? t : q)) : queries.filter((_, j) => j !== i));
  const rows = queries.length ? queries : [''];
  return (
    <div role="group" aria-label={label}>
      {rows.map((q, i) => (
        <div key={i}>
          <div className="list-row">
            <div className="list-entry">
              <TextField id={i === 0 ? id : undefined} label={rows.length > 1 ? `query ${i + 1} of ${label}` : label} path={[...path, i]} mono expressions value={q} placeholder={'role=button[name="Save"]'} onCommit={(t) => (queries.length ? change(i, t) : t.trim() && write([t]))} />
            </div>
            {rows.length > 1 && (
              <Group gap={2} wrap="nowrap">
                <ActionIcon size="sm" variant="subtle" color="gray" disabled={i === 0} aria-label={`Try query ${i + 1} of ${label} earlier`} onClick={() => write(rows.map((x, j) => (j === i - 1 ? (rows[i] ?? '') : j === i ? (rows[i - 1] ?? '') : x)))}>
                  <IconArrowUp size={14} aria-hidden />
                </ActionIcon>
                <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Remove query ${i + 1} of ${label}`} onClick={() => write(rows.filter((_, j) => j !== i))}>
                  <IconTrash size={14} aria-hidden />
                </ActionIcon>
              </Group>
            )}
          </div>
          <Live text={q} path={[...path, i]} />
        </div>
      ))}
      <Group gap={6} mt={4}>
        {pick && (
          <Button size="compact-xs" variant="light" leftSection={<IconCrosshair size={13} aria-hidden />} onClick={() => pick(path)}>
            Pick in a browser
          </Button>
        )}
        {queries.length > 0 && (
          <Button size="compact-xs" variant="light" leftSection={<IconPlus size={13} aria-hidden />} onClick={() => write([...queries, 'css='])}>
            Add another query
          </Button>
        )}
      </Group>
      {map && (map.frame !== undefined || map.within !== undefined) && <Text size="xs" c="dimmed" mt={4}>It is looked for {map.frame !== undefined && <>in the frame <span className="mono">{texts(map.frame).join(', ')}</span></>} {map.within !== undefined && <>within <span className="mono">{texts(map.within).join(', ')}</span></>}.</Text>}
    </div>
  );
}
