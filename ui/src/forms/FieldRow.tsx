import { ActionIcon, Group, Text, Tooltip } from '@mantine/core';
import { IconFunction, IconRestore } from '@tabler/icons-react';
import { useId, useState, type DragEvent } from 'react';

import { Live } from './Live';
import { refType, TextField } from './Text';
import { asExpression, isExpression, type Field, type Path } from './values';
import { Widget, isText } from './Widget';

interface Props {
  field: Field;
  value: unknown;
  path: Path;
  set: (path: Path, value: unknown) => void;
}

/** The beginning of what is said of a field; all of it is there for who asks. */
const firstSentence = (s: string) => /^.*?[.!?](?=\s|$)/s.exec(s)?.[0] ?? s;

/** One field: its name and doc, the widget for its kind or an expression, and what the expression gives now. */
export function FieldRow({ field, value, path, set }: Props) {
  const id = useId();
  const name = field.name ?? '';
  const text = isText(field);
  const always = field.kind === 'expression';
  const may = !field.raw && field.kind !== 'secret' && !always;
  const [forced, setForced] = useState(false);
  const expression = always || (may && !text && (forced || isExpression(value)));
  const doc = field.doc ?? '';
  const toggle = () => {
    if (expression) {
      setForced(false);
      set(path, undefined);
    } else {
      setForced(true);
      set(path, asExpression(value ?? field.default));
    }
  };
  // A field that is no text becomes an expression when a reference is dropped on it.
  const onDrop = (e: DragEvent) => {
    const ref = e.dataTransfer.getData(refType);
    if (!ref || e.defaultPrevented || !may || text || expression) return;
    e.preventDefault();
    set(path, `{{ ${ref} }}`);
  };
  return (
    <div className="field" data-expression={expression || undefined} onDrop={onDrop} onDragOver={(e) => may && e.dataTransfer.types.includes(refType) && e.preventDefault()}>
      <Group gap={6} wrap="nowrap" align="center" className="field-head">
        <label htmlFor={id} className="field-name">
          {name.replaceAll('_', ' ')}
          {field.required && <span className="field-required" aria-hidden> *</span>}
        </label>
        <span className="field-kind">{expression ? 'expression' : ''}</span>
        {value !== undefined && !field.required && (
          <Tooltip label="Back to the default">
            <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`Back to the default of ${name}`} onClick={() => { setForced(false); set(path, undefined); }}>
              <IconRestore size={13} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
        {may && !text && (
          <Tooltip label={expression ? 'Write a fixed value' : 'Write an expression'}>
            <ActionIcon variant={expression ? 'light' : 'subtle'} color={expression ? 'indigo' : 'gray'} size="xs" aria-pressed={expression} aria-label={`Expression for ${name}`} onClick={toggle}>
              <IconFunction size={13} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
      {expression ? (
        <TextField id={id} label={name} path={path} mono expressions required={field.required} lines={typeof value === 'string' && value.includes('\n')} value={typeof value === 'string' ? value : value === undefined ? '' : asExpression(value)} placeholder="{{ nodes.… }}" onCommit={(t) => set(path, t.trim() ? t : undefined)} />
      ) : (
        <Widget id={id} field={field} value={value} path={path} set={set} />
      )}
      <Live text={value} path={path} param={path.length === 1 && always ? name : undefined} />
      {doc && (
        <Text size="xs" c="dimmed" className="field-doc" title={firstSentence(doc) === doc ? undefined : doc}>
          {firstSentence(doc)}
        </Text>
      )}
      {field.locals && field.locals.length > 0 && <Text size="xs" c="dimmed">Here you may also use <span className="mono">{field.locals.join(', ')}</span>.</Text>}
    </div>
  );
}
