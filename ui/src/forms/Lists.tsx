import { ActionIcon, Button, Group, Table, Text } from '@mantine/core';
import { IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';

import { Fields } from './Fields';
import { Live } from './Live';
import { TextField } from './Text';
import { isRecord, type Field, type Path } from './values';
import { AnyValue, Widget, type WidgetProps } from './Widget';

const anything: Field = { kind: 'any' };

interface Row extends Omit<WidgetProps, 'field' | 'id'> {
  field: Field;
}

/** An entry of a list: its value, or an expression in its place. */
function Entry({ field, value, path, set }: Row) {
  const name = String(path.at(-1));
  const one = { ...field, name: typeof path.at(-1) === 'number' ? `item ${Number(path.at(-1)) + 1}` : name };
  return (
    <div className="list-entry">
      {typeof value === 'string' && value.includes('{{') && field.kind !== 'string' ? (
        <TextField label={one.name} path={path} mono expressions value={value} onCommit={(t) => set(path, t)} />
      ) : field.kind === 'any' ? (
        <AnyValue field={one} value={value} path={path} set={set} label={one.name} />
      ) : (
        <Widget field={one} value={value} path={path} set={set} />
      )}
      <Live text={value} path={path} />
    </div>
  );
}

const starts: Record<string, unknown> = { string: '', object: {}, map: {}, list: [], int: 0, number: 0, bool: false, secret: { secret: '' } };

/** A list: rows of a table where its entries have fields, else one control each. */
export function ListWidget({ field, value, path, set, label }: WidgetProps & { label: string }) {
  const elem = field.elem ?? anything;
  const list: unknown[] = Array.isArray(value) ? value : [];
  const replace = (next: unknown[]) => set(path, next.length ? next : undefined);
  const up = (i: number) => {
    const next = [...list];
    next.splice(i - 1, 2, next[i], next[i - 1]);
    replace(next);
  };
  const fields = elem.kind === 'object' ? (elem.fields ?? []) : [];
  const buttons = (i: number) => (
    <Group gap={2} wrap="nowrap" className="list-buttons">
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Move item ${i + 1} of ${label} up`} disabled={i === 0} onClick={() => up(i)}>
        <IconArrowUp size={14} aria-hidden />
      </ActionIcon>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Remove item ${i + 1} of ${label}`} onClick={() => replace(list.filter((_, j) => j !== i))}>
        <IconTrash size={14} aria-hidden />
      </ActionIcon>
    </Group>
  );
  const table = fields.length > 0 && fields.length <= 3 && fields.every((f) => !['object', 'list', 'map', 'target'].includes(f.kind));
  return (
    <div role="group" aria-label={label}>
      {table && list.length > 0 ? (
        <Table.ScrollContainer minWidth={120 * fields.length}>
          <Table verticalSpacing={4} horizontalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                {fields.map((f) => <Table.Th key={f.name} fz="xs">{f.name}</Table.Th>)}
                <Table.Th aria-label="Change" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.map((e, i) => (
                <Table.Tr key={i}>
                  {fields.map((f) => (
                    <Table.Td key={f.name} valign="top">
                      <Entry field={f} value={isRecord(e) ? e[f.name ?? ''] : undefined} path={[...path, i, f.name ?? '']} set={set} />
                    </Table.Td>
                  ))}
                  <Table.Td valign="top" w={60}>{buttons(i)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      ) : (
        list.map((e, i) => (
          <div className={fields.length ? 'list-card' : 'list-row'} key={i}>
            {fields.length > 0 && isRecord(e) ? (
              <>
                <Group justify="space-between"><Text size="xs" c="dimmed">Item {i + 1}</Text>{buttons(i)}</Group>
                <Fields fields={fields} values={e} path={[...path, i]} set={set} />
              </>
            ) : (
              <>
                <Entry field={elem} value={e} path={[...path, i]} set={set} />
                {buttons(i)}
              </>
            )}
          </div>
        ))
      )}
      <Button size="compact-xs" variant="light" mt={4} leftSection={<IconPlus size={13} aria-hidden />} onClick={() => set(path, [...list, starts[elem.kind] ?? ''])}>
        Add {label.endsWith('s') ? label.replaceAll('_', ' ').slice(0, -1) : 'item'}
      </Button>
    </div>
  );
}

/** A map: names with their values. */
export function MapWidget({ field, value, path, set, label }: WidgetProps & { label: string }) {
  const map = isRecord(value) ? value : {};
  const elem = field.elem ?? anything;
  const rename = (old: string, name: string) => {
    if (!name || name in map) return;
    set(path, Object.fromEntries(Object.entries(map).map(([k, v]) => [k === old ? name : k, v])));
  };
  const fresh = () => {
    let n = 1;
    while (`name${n}` in map) n++;
    return `name${n}`;
  };
  const at = (name: string): Path => [...path, name];
  return (
    <div role="group" aria-label={label}>
      {Object.entries(map).map(([name, v]) => (
        <div className="list-row" key={name}>
          <div className="map-name">
            <TextField label={`name of ${name} in ${label}`} path={[...path, `\u0000${name}`]} mono value={name} onCommit={(t) => rename(name, t.trim())} />
          </div>
          <Entry field={elem} value={v} path={at(name)} set={set} />
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Remove ${name} of ${label}`} onClick={() => set(at(name), undefined)}>
            <IconTrash size={14} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <Button size="compact-xs" variant="light" mt={4} leftSection={<IconPlus size={13} aria-hidden />} onClick={() => set(at(fresh()), starts[elem.kind] ?? '')}>
        Add entry
      </Button>
    </div>
  );
}
