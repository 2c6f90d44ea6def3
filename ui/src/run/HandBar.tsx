import './hand.css';

import { Button, Group, Text, Title } from '@mantine/core';
import { IconHandStop, IconPlayerPlay } from '@tabler/icons-react';

import { useMay } from '../parts/may';
import { When } from '../parts/When';
import { wordsOf } from './hand';
import type { Handing } from './useHand';

interface Props {
  handing: Handing;
  /** Node executions before which lines of the run are paused. */
  paused: string[];
  /** The run asks a person something. */
  asks: boolean;
  /** Shows the browser; left out where it is shown. */
  onShow?: () => void;
}

/** Takes the browser of a run over. */
export function TakeOver({ handing, onTaken }: { handing: Handing; onTaken?: () => void }) {
  const { take } = handing;
  return (
    <Button variant="default" leftSection={<IconHandStop size={16} aria-hidden />} loading={take.isPending} onClick={() => take.mutate(undefined, { onSuccess: onTaken })}>
      Take over
    </Button>
  );
}

/** Who drives the browser of a run, and the way to hand it back. */
export function HandBar({ handing, paused, asks, onShow }: Props) {
  const may = useMay()('runs.write');
  const { hand, mine, take, back } = handing;
  const wrong = take.error ?? back.error;
  if (!hand) return wrong ? <Text size="sm" c="red" role="alert">{wrong.message}</Text> : null;
  const busy = back.isPending || hand.back === true;
  const words = wordsOf(hand, mine, paused, asks);
  return (
    <section className="hand" aria-label="Browser of the run" data-mine={mine || undefined}>
      <div className="hand-where">
        <Title order={2} size="h6">{words.title}</Title>
        <Text size="sm" role="status">{busy ? 'It is being handed back…' : words.text}</Text>
        <Text size="xs" c="dimmed">
          Taken over <When at={hand.since} /> · {hand.gestures === 1 ? '1 gesture' : `${hand.gestures} gestures`} · what is typed is in no journal
        </Text>
        {wrong && <Text size="sm" c="red" role="alert">{wrong.message}</Text>}
      </div>
      {may && (
        <Group gap={6} role="group" aria-label="What becomes of the browser">
          {mine && onShow && <Button size="compact-sm" variant="default" onClick={onShow}>Show the browser</Button>}
          {!mine && hand.away && <Button size="compact-sm" loading={take.isPending} onClick={() => take.mutate(undefined, { onSuccess: onShow })}>Take over</Button>}
          <Button size="compact-sm" variant={mine ? 'filled' : 'default'} disabled={busy} leftSection={<IconPlayerPlay size={15} aria-hidden />} onClick={() => back.mutate(false)}>Hand back</Button>
          {paused.length > 0 && <Button size="compact-sm" variant="default" disabled={busy} onClick={() => back.mutate(true)}>Hand back, stay paused</Button>}
        </Group>
      )}
    </section>
  );
}
