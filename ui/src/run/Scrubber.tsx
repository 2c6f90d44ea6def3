import { ActionIcon, Button, Group, Slider, Text } from '@mantine/core';
import { IconPlayerSkipBack, IconPlayerSkipForward } from '@tabler/icons-react';

import { clock, duration } from '../parts/time';
import type { Book } from './book';

interface Props {
  book: Book;
  from: number;
  to: number;
  /** The moment that is looked at; undefined is the present. */
  at?: number;
  onChange: (at: number | undefined) => void;
  over: boolean;
}

/** Leads through the time of a run: all that is shown is shown as of the moment that is chosen. */
export function Scrubber({ book, from, to, at, onChange, over }: Props) {
  const whole = Math.max(1, to - from);
  const moment = at ?? to;
  const set = (t: number) => onChange(t >= to ? undefined : Math.max(from, t));
  const hop = (by: number) => {
    // To the next moment at which something happened, or the one before.
    const i = by > 0 ? book.until(moment) : book.until(moment - 1) - 1;
    const t = book.time(i);
    if (t === undefined) onChange(by > 0 ? undefined : from);
    else set(t);
  };
  return (
    <Group gap="xs" px="sm" py={6} wrap="nowrap" className="scrubber">
      <ActionIcon variant="default" aria-label="To what happened before" onClick={() => hop(-1)}><IconPlayerSkipBack size={16} aria-hidden /></ActionIcon>
      <ActionIcon variant="default" aria-label="To what happened next" disabled={at === undefined} onClick={() => hop(1)}><IconPlayerSkipForward size={16} aria-hidden /></ActionIcon>
      <Slider
        flex={1}
        size="sm"
        min={0}
        max={whole}
        step={Math.max(1, whole / 1000)}
        value={moment - from}
        onChange={(v) => set(from + v)}
        label={(v) => `${duration(v) || '0 ms'} after the beginning`}
        thumbLabel="Moment of the run"
        thumbProps={{ 'aria-valuetext': `${duration(moment - from) || '0 ms'} after the beginning` }}
      />
      <Text size="xs" c="dimmed" className="scrubber-time mono">{at === undefined ? (over ? 'at the end' : 'now') : `+${duration(moment - from) || '0 ms'} · ${clock(new Date(moment).toISOString())}`}</Text>
      <Button size="compact-xs" variant="light" disabled={at === undefined} onClick={() => onChange(undefined)}>{over ? 'End' : 'Now'}</Button>
    </Group>
  );
}
