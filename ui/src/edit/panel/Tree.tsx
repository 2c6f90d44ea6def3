import { ActionIcon, Text, Tooltip } from '@mantine/core';
import { IconChevronDown, IconChevronRight, IconCornerDownLeft } from '@tabler/icons-react';
import { useState } from 'react';

import { refType } from '../../forms/Text';
import { kindOf, line, refOf, type Path, type Peek } from '../../forms/values';

interface Props {
  name: string;
  value: Peek;
  path: Path;
  /** Whether it is open at first. */
  open?: boolean;
  /** Puts a reference into the field that was used last; without it nothing can be put anywhere. */
  insert?: (ref: string) => void;
  /** What that field is called. */
  into?: string;
}

const entries = (p: Peek): { name: string | number; value: Peek }[] => (p.type === 'map' ? (p.fields ?? []) : (p.items ?? []).map((value, i) => ({ name: i, value })));

/** A value as a tree that is opened step by step. Its parts can be dragged into a field, or put there by a button. */
export function Tree({ name, value, path, open = false, insert, into }: Props) {
  const [shown, setShown] = useState(open);
  const parts = entries(value);
  const ref = refOf(path);
  return (
    <li className="tree-item">
      <div
        className="tree-row"
        draggable={!!insert}
        onDragStart={(e) => {
          e.stopPropagation();
          e.dataTransfer.setData(refType, ref);
          e.dataTransfer.setData('text/plain', `{{ ${ref} }}`);
          e.dataTransfer.effectAllowed = 'copy';
        }}
      >
        {parts.length > 0 ? (
          <button type="button" className="tree-name" aria-expanded={shown} onClick={() => setShown(!shown)}>
            {shown ? <IconChevronDown size={13} aria-hidden /> : <IconChevronRight size={13} aria-hidden />}
            <span className="tree-key">{name}</span>
          </button>
        ) : (
          <span className="tree-name tree-leaf">
            <span className="tree-key">{name}</span>
          </span>
        )}
        <span className="tree-value">{parts.length > 0 ? kindOf(value) : line(value, 200)}</span>
        {parts.length === 0 && <span className="tree-kind">{kindOf(value)}</span>}
        {insert && (
          <Tooltip label={into ? `Insert into ${into}` : 'Choose a field first, then insert'}>
            <ActionIcon size="xs" variant="subtle" color="gray" className="tree-insert" aria-label={`Insert ${ref}`} aria-disabled={!into} data-idle={!into || undefined} onClick={() => into && insert(ref)}>
              <IconCornerDownLeft size={13} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      {shown && parts.length > 0 && (
        <ul className="tree">
          {parts.map((p) => <Tree key={p.name} name={String(p.name)} value={p.value} path={[...path, p.name]} insert={insert} into={into} />)}
          {value.cut && <More of={value} shown={parts.length} />}
        </ul>
      )}
      {parts.length === 0 && value.cut && <More of={value} shown={0} />}
    </li>
  );
}

function More({ of, shown }: { of: Peek; shown: number }) {
  const rest = (of.count ?? 0) - shown;
  return (
    <Text size="xs" c="dimmed" pl={18}>
      {of.stored ? 'It is large and kept as a file; expressions can use all of it.' : shown ? `and ${rest} more` : 'Only its beginning is shown.'}
    </Text>
  );
}

/** All places in a value that a reference can name, with what is there. */
export function placesOf(value: Peek, path: Path, out: { path: string; kind: string; preview: string }[] = [], depth = 0): { path: string; kind: string; preview: string }[] {
  if (path.length) out.push({ path: refOf(path), kind: kindOf(value), preview: line(value, 80) });
  // One entry of a list stands for the others.
  const parts = value.type === 'list' ? entries(value).slice(0, 3) : entries(value);
  if (depth < 6) for (const p of parts) if (out.length < 3000) placesOf(p.value, [...path, p.name], out, depth + 1);
  return out;
}
