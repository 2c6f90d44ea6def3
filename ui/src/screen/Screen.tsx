import { ActionIcon, Button, Group, Text, TextInput } from '@mantine/core';
import { IconArrowLeft, IconArrowRight, IconPlus, IconReload, IconX } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';

import './screen.css';
import { ChooseFiles, Message, SelectList } from './Asks';
import type { Frame, Gesture } from './gestures';
import { Picture } from './Picture';
import type { ScreenState } from './useScreen';

interface Props {
  /** What the browser is called, such as "The browser of the recording". */
  label: string;
  frame?: Frame;
  /** Address, tabs, messages, if they are known; without them there is the picture alone. */
  state?: ScreenState;
  /** Takes what a person does; left out, the browser can only be watched. */
  onInput?: (gestures: readonly Gesture[]) => void;
  /** Gives files to the page that asks for them. */
  onFiles?: (files: readonly File[]) => void;
  /** What is shown while there is no picture. */
  children?: ReactNode;
}

/** A browser that runs elsewhere: its picture, driven by mouse, keyboard and touch, and a bar with address and tabs. */
export function Screen({ label, frame, state, onInput, onFiles, children }: Props) {
  const url = state?.url ?? frame?.url ?? '';
  return (
    <div className="screen" role="group" aria-label={label}>
      {onInput ? <Bar url={url} onInput={onInput} /> : <Text size="xs" className="mono clip screen-url">{url}</Text>}
      {onInput && state && <Tabs state={state} onInput={onInput} />}
      <div className="screen-page">
        {frame ? (
          <Picture label={label} frame={frame} onInput={state?.dialog ? undefined : onInput}>
            {state?.list && onInput && <SelectList key={JSON.stringify([state.list.x, state.list.y])} list={state.list} frame={frame} onInput={onInput} />}
          </Picture>
        ) : (
          <div className="screen-none">{children ?? <Text c="dimmed" size="sm">The first picture is on its way</Text>}</div>
        )}
        {state?.dialog && onInput && <Message dialog={state.dialog} onInput={onInput} />}
        {state?.files && onFiles && <ChooseFiles several={state.files.several === true} onFiles={onFiles} />}
      </div>
    </div>
  );
}

function Bar({ url, onInput }: { url: string; onInput: (g: readonly Gesture[]) => void }) {
  const [draft, setDraft] = useState<string | null>(null); // null while the address is that of the page
  const address = draft ?? url;
  return (
    <form
      className="screen-bar"
      onSubmit={(e) => {
        e.preventDefault();
        if (!address.trim()) return;
        onInput([{ kind: 'goto', text: address.trim() }]);
        setDraft(null);
      }}
    >
      <Group gap={2} wrap="nowrap">
        <ActionIcon variant="subtle" color="gray" aria-label="Back" onClick={() => onInput([{ kind: 'back' }])}><IconArrowLeft size={18} aria-hidden /></ActionIcon>
        <ActionIcon variant="subtle" color="gray" aria-label="Forward" onClick={() => onInput([{ kind: 'forward' }])}><IconArrowRight size={18} aria-hidden /></ActionIcon>
        <ActionIcon variant="subtle" color="gray" aria-label="Reload" onClick={() => onInput([{ kind: 'reload' }])}><IconReload size={18} aria-hidden /></ActionIcon>
      </Group>
      <TextInput className="screen-address" size="xs" aria-label="Address" spellCheck={false} autoCapitalize="off" autoComplete="off" value={address} onChange={(e) => setDraft(e.currentTarget.value)} onKeyDown={(e) => e.key === 'Escape' && setDraft(null)} />
      <Button type="submit" size="compact-sm" variant="default">Go</Button>
    </form>
  );
}

function Tabs({ state, onInput }: { state: ScreenState; onInput: (g: readonly Gesture[]) => void }) {
  const tabs = state.tabs ?? [];
  return (
    <ul className="screen-tabs" aria-label="Tabs of the browser">
      {tabs.map((t) => (
        <li key={t.id} data-active={t.active || undefined}>
          <button type="button" className="screen-tab" aria-current={t.active ? 'page' : undefined} title={t.title} onClick={() => onInput([{ kind: 'tab', tab: t.id }])}>{t.title || 'New tab'}</button>
          {tabs.length > 1 && (
            <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Close the tab ${t.title}`} onClick={() => onInput([{ kind: 'close', tab: t.id }])}><IconX size={12} aria-hidden /></ActionIcon>
          )}
        </li>
      ))}
      <li>
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Open a tab" onClick={() => onInput([{ kind: 'open' }])}><IconPlus size={14} aria-hidden /></ActionIcon>
      </li>
    </ul>
  );
}
