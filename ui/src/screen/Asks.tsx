import { Button, FileButton, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

import type { Frame, Gesture } from './gestures';
import type { ScreenState } from './useScreen';

type Send = (g: readonly Gesture[]) => void;

/** The message that a page shows, and the answer to it. */
export function Message({ dialog, onInput }: { dialog: NonNullable<ScreenState['dialog']>; onInput: Send }) {
  const [text, setText] = useState(dialog.default ?? '');
  const asks = dialog.kind !== 'alert';
  const answer = (accept: boolean) => onInput([{ kind: 'answer', accept, text: dialog.kind === 'prompt' ? text : undefined }]);
  return (
    <div className="screen-over">
      <Paper withBorder shadow="md" radius="md" p="md" maw={420} role="alertdialog" aria-label="Message of the page">
        <form
          onSubmit={(e) => {
            e.preventDefault();
            answer(true);
          }}
        >
          <Stack gap="sm">
            <Text size="xs" c="dimmed">{dialog.kind === 'beforeunload' ? 'The page asks whether it may be left' : 'The page says'}</Text>
            <Text size="sm" className="screen-message">{dialog.message}</Text>
            {dialog.kind === 'prompt' && <TextInput aria-label="Answer" data-autofocus value={text} onChange={(e) => setText(e.currentTarget.value)} />}
            <Group gap="xs" justify="flex-end">
              {asks && <Button size="xs" variant="default" onClick={() => answer(false)}>Cancel</Button>}
              <Button size="xs" type="submit" autoFocus>{dialog.kind === 'beforeunload' ? 'Leave' : 'OK'}</Button>
            </Group>
          </Stack>
        </form>
      </Paper>
    </div>
  );
}

/** Asks for the files that a page wants. */
export function ChooseFiles({ several, onFiles }: { several: boolean; onFiles: (files: readonly File[]) => void }) {
  return (
    <div className="screen-over">
      <Paper withBorder shadow="md" radius="md" p="md" maw={420} role="alertdialog" aria-label="The page asks for files">
        <Stack gap="sm">
          <Text size="sm">{several ? 'The page asks for files.' : 'The page asks for a file.'} It is taken to the server for this, and not kept there.</Text>
          <Group gap="xs" justify="flex-end">
            <Button size="xs" variant="default" onClick={() => onFiles([])}>Cancel</Button>
            {several ? (
              <FileButton multiple onChange={(f) => f.length > 0 && onFiles(f)}>{(p) => <Button size="xs" autoFocus {...p}>Choose files…</Button>}</FileButton>
            ) : (
              <FileButton onChange={(f) => f && onFiles([f])}>{(p) => <Button size="xs" autoFocus {...p}>Choose a file…</Button>}</FileButton>
            )}
          </Group>
        </Stack>
      </Paper>
    </div>
  );
}

/** The entries of a field for selecting, where the browser would show them. */
export function SelectList({ list, frame, onInput }: { list: NonNullable<ScreenState['list']>; frame: Frame; onInput: Send }) {
  const box = useRef<HTMLSelectElement>(null);
  useEffect(() => {
    box.current?.focus({ preventScroll: true });
  }, []);
  const options = list.options ?? [];
  const choose = (i: number) => onInput([{ kind: 'choose', choose: i }]);
  const low = list.y + list.height > frame.height * 0.65;
  const percent = (v: number, of: number) => `${(v / of) * 100}%`;
  return (
    <select
      ref={box}
      className="screen-list"
      aria-label={list.label ? `Entries of ${list.label}` : 'Entries to select from'}
      size={Math.min(Math.max(options.length, 2), 9)}
      defaultValue={String(options.findIndex((o) => o.selected))}
      style={{ left: percent(Math.min(list.x, frame.width * 0.8), frame.width), minWidth: percent(list.width, frame.width), ...(low ? { bottom: percent(frame.height - list.y, frame.height) } : { top: percent(list.y + list.height, frame.height) }) }}
      onClick={(e) => {
        const o = e.target;
        if (o instanceof HTMLOptionElement && !o.disabled) choose(Number(o.value));
      }}
      onKeyDown={(e) => {
        if (e.key === 'Enter' || e.key === ' ') {
          e.preventDefault();
          choose(Number(e.currentTarget.value || -1));
        } else if (e.key === 'Escape' || e.key === 'Tab') {
          e.preventDefault();
          choose(-1);
        }
      }}
      onBlur={() => choose(-1)}
    >
      {options.map((o, i) => <option key={i} value={String(i)} disabled={o.disabled}>{o.label}</option>)}
    </select>
  );
}
