import { ActionIcon, Popover, ScrollArea, Text as Words, Textarea, TextInput, Tooltip } from '@mantine/core';
import { IconBraces } from '@tabler/icons-react';
import { useEffect, useRef, useState, type DragEvent, type KeyboardEvent } from 'react';

import { useForm } from './env';
import { insertRef, isExpression, type Path } from './values';

/** The type of what is dragged: a place that expressions can refer to. */
export const refType = 'application/x-aether-ref';

interface Props {
  label: string;
  path: Path;
  value: string;
  /** Keeps what was written. */
  onCommit: (text: string) => void;
  placeholder?: string;
  lines?: boolean;
  mono?: boolean;
  /** Whether it may hold expressions. */
  expressions?: boolean;
  /** What is wrong with a text. */
  problem?: (text: string) => string | undefined;
  id?: string;
  required?: boolean;
  describedBy?: string;
}

/**
 * A text that is written: kept when the field is left, by Enter, or before a command with Ctrl, so that one edit is one
 * entry of what can be undone. A reference can be dropped on it or chosen from a list.
 */
export function TextField({ label, path, value, onCommit, placeholder, lines, mono, expressions, problem, id, required, describedBy }: Props) {
  const env = useForm();
  const [draft, setDraft] = useState<string | null>(null);
  const box = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const text = draft ?? value;
  const wrong = problem?.(text);
  const write = (t: string) => {
    setDraft(t);
    env.draft(path, t, true);
  };
  const keep = (t = draft) => {
    if (t === null) return;
    setDraft(null);
    env.draft(path, undefined, false);
    if (t !== value) onCommit(t);
  };
  // What was written is kept when the field goes away while it is used.
  const last = useRef(keep);
  useEffect(() => {
    last.current = keep;
  });
  useEffect(() => () => last.current(), []);
  const insert = (ref: string) => {
    const el = box.current;
    const put = insertRef(text, ref, el?.selectionStart ?? text.length, el?.selectionEnd ?? text.length);
    keep(put.text);
    requestAnimationFrame(() => {
      el?.focus();
      el?.setSelectionRange(put.caret, put.caret);
    });
  };
  const inserts = useRef(insert);
  useEffect(() => {
    inserts.current = insert;
  });
  const onKeyDown = (e: KeyboardEvent) => {
    if ((e.key === 'Enter' && !lines) || ((e.ctrlKey || e.metaKey) && (e.key === 's' || e.key === 'Enter'))) keep();
    if (e.key === 'Escape' && draft !== null) {
      e.stopPropagation();
      setDraft(null);
      env.draft(path, undefined, false);
    }
  };
  const onDrop = (e: DragEvent) => {
    const ref = e.dataTransfer.getData(refType);
    if (!ref || !expressions) return;
    e.preventDefault();
    insert(ref);
  };
  const common = {
    id,
    ref: box,
    'aria-label': label,
    'aria-describedby': describedBy,
    value: text,
    placeholder,
    required,
    error: wrong,
    classNames: { input: mono || isExpression(text) ? 'field-mono' : undefined },
    onChange: (e: { currentTarget: { value: string } }) => write(e.currentTarget.value),
    onBlur: () => keep(),
    onFocus: () => expressions && env.takes({ label, insert: (ref) => inserts.current(ref) }),
    onKeyDown,
    onDrop,
    onDragOver: (e: DragEvent) => {
      if (expressions && e.dataTransfer.types.includes(refType)) e.preventDefault();
    },
    rightSection: expressions ? <Insert label={label} onPick={insert} /> : undefined,
    rightSectionPointerEvents: 'all' as const,
    size: 'sm' as const,
  };
  return lines ? <Textarea {...common} autosize minRows={2} maxRows={14} /> : <TextInput {...common} />;
}

/** A list of what expressions can refer to, to choose from. */
function Insert({ label, onPick }: { label: string; onPick: (ref: string) => void }) {
  const { refs } = useForm();
  const [open, setOpen] = useState(false);
  const [find, setFind] = useState('');
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const list = open ? refs.filter((r) => words.every((w) => r.path.toLowerCase().includes(w) || r.preview.toLowerCase().includes(w))).slice(0, 100) : [];
  const pick = (ref: string) => {
    setOpen(false);
    setFind('');
    onPick(ref);
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={340} trapFocus returnFocus withinPortal shadow="md">
      <Popover.Target>
        <Tooltip label="Insert recorded data" disabled={open}>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Insert recorded data into ${label}`} aria-haspopup="dialog" aria-expanded={open} onMouseDown={(e) => e.preventDefault()} onClick={() => setOpen((o) => !o)}>
            <IconBraces size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p="xs" aria-label={`Data for ${label}`}>
        <TextInput
          size="xs"
          data-autofocus
          aria-label="Search recorded data"
          placeholder="Search recorded data"
          value={find}
          onChange={(e) => setFind(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key === 'Enter' && list[0]) {
              e.preventDefault();
              pick(list[0].path);
            }
          }}
        />
        <ScrollArea.Autosize mah={260} mt={6}>
          {list.map((r) => (
            <button type="button" key={r.path} className="ref-row" onClick={() => pick(r.path)}>
              <span className="ref-path">{r.path}</span>
              <span className="ref-value">{r.preview}</span>
            </button>
          ))}
          {!list.length && <Words size="xs" c="dimmed" p={6}>{refs.length ? 'Nothing fits.' : 'Nothing is recorded yet: run to here first.'}</Words>}
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}
