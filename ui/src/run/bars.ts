import { asOf, type Execution } from './book';

/** A piece of a row: executions that cannot be told apart at its scale are one. */
export interface Bar {
  x: number;
  w: number;
  kind: Execution['state'] | 'wait';
  /** It is a later try. */
  retry: boolean;
}

/** At most so many pieces are drawn in a row, whatever the number of executions. */
const min = 2;

const weight: Record<Bar['kind'], number> = { failed: 4, running: 3, retrying: 2, waiting: 2, done: 1, cancelled: 1, wait: 0 };

/** The pieces of a row between begin and begin + length, on so many pixels, as of a moment. */
export function bars(list: Execution[], begin: number, length: number, width: number, at: number): Bar[] {
  const out: Bar[] = [];
  const waits: Bar[] = [];
  const put = (to: Bar[], from: number, end: number, kind: Bar['kind'], retry: boolean) => {
    let x = ((from - begin) / length) * width;
    const right = ((end - begin) / length) * width;
    if (right < -min || x > width + min) return;
    x = Math.max(0, x);
    const w = Math.max(min, Math.min(width, right) - x);
    const last = to[to.length - 1];
    if (last && x < last.x + last.w && x + w - last.x <= Math.max(last.w, min) + min && (last.w <= 2 * min || last.kind === kind)) {
      // They share pixels: the worse one is seen.
      last.w = Math.max(last.w, x + w - last.x);
      if (weight[kind] > weight[last.kind]) last.kind = kind;
      last.retry ||= retry;
      return;
    }
    to.push({ x, w, kind, retry });
  };
  for (const x of list) {
    const state = asOf(x, at);
    if (!state || x.reused) continue;
    put(out, x.start, Math.min(x.end ?? at, at), state, x.try > 1);
    for (const wait of x.waits) if (wait.from <= at) put(waits, wait.from, Math.min(wait.to ?? at, at), 'wait', false);
  }
  return out.concat(waits);
}

/** Where the axis is marked: round times, not closer than 90 pixels. */
export function ticks(from: number, length: number, width: number): number[] {
  const most = Math.max(1, Math.floor(width / 90));
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000];
  const step = steps.find((s) => length / s <= most) ?? Math.ceil(length / most / 86_400_000) * 86_400_000;
  const out: number[] = [];
  for (let t = Math.ceil(from / step) * step; t <= from + length; t += step) out.push(t);
  return out;
}
