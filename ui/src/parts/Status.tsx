import { Badge } from '@mantine/core';

import type { Run } from '../api/client';

const looks: Record<string, [color: string, words: string]> = {
  queued: ['gray', 'Queued'],
  running: ['blue', 'Running'],
  interrupted: ['orange', 'Interrupted'],
  waiting: ['grape', 'Waiting'],
  attention: ['orange', 'Needs attention'],
  done: ['green', 'Done'],
  failed: ['red', 'Failed'],
  cancelled: ['gray', 'Cancelled'],
  ready: ['gray', 'Ready'],
  leased: ['blue', 'At work'],
  later: ['grape', 'Later'],
  held: ['grape', 'Held'],
  dead: ['red', 'Dead letter'],
  poison: ['red', 'Poison'],
  idle: ['green', 'Idle'],
  busy: ['blue', 'At work'],
  paused: ['orange', 'Paused'],
  draining: ['orange', 'Draining'],
  lost: ['red', 'Lost'],
  gone: ['gray', 'Gone'],
  online: ['green', 'Online'],
  offline: ['gray', 'Offline'],
};

/** What a person reads of a status; a run whose process died, and one that is paused, say so. */
export function shownStatus(run: Pick<Run, 'status' | 'interrupted' | 'paused'>): string {
  return run.interrupted ? 'interrupted' : run.paused ? 'paused' : run.status;
}

/** A status as a badge; the word says it, the colour only helps. */
export function Status({ of, size = 'sm' }: { of: string; size?: string }) {
  const [color, words] = looks[of] ?? ['gray', of];
  return (
    <Badge color={color} variant="light" size={size} radius="sm" tt="none" className="status" data-color={color}>
      {words}
    </Badge>
  );
}
