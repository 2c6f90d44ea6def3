import { duration } from '../parts/time';
import { took, waited, type Execution } from './book';

/** What people read of the state of an execution. */
export const words: Record<Execution['state'], string> = {
  running: 'at work',
  waiting: 'waits',
  retrying: 'will be tried again',
  done: 'done',
  failed: 'failed',
  cancelled: 'not ended',
};

/** What was open when its run ended has not ended. */
export function settled(state: Execution['state'], over: boolean): Execution['state'] {
  return over && (state === 'running' || state === 'waiting' || state === 'retrying') ? 'cancelled' : state;
}

/** An execution in a sentence, for who does not look at bars. */
export function sentence(x: Execution, from: number, now: number, over: boolean): string {
  const wait = waited(x, now);
  return [
    x.key,
    x.reused ? 'used as it was recorded' : words[settled(x.state, over)],
    x.reused ? '' : `began after ${duration(x.start - from) || '0 ms'}`,
    x.end !== undefined ? `took ${duration(took(x, now))}` : '',
    wait > 0 ? `waited ${duration(wait)}` : '',
  ].filter(Boolean).join(', ');
}
