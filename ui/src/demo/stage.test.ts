import { expect, test } from 'vitest';

import type { Schemas } from '../api/client';
import { done, stage } from './stage';

type Demo = Schemas['DemoOut'];
type Heal = Schemas['Heal'];

const demo = (level: number, ...status: string[]) =>
  ({ flow: 'demo', may: true, ready: true, fresh: false, site: { level, release: level ? 1 : 0 }, runs: status.map((s, i) => ({ id: `r${i}`, status: s })) }) as unknown as Demo;
const heal = (run: string, state: string) => ({ run, state }) as unknown as Heal;

test.each([
  ['offer', 0, demo(0), []],
  ['running', 0, demo(0, 'queued'), []],
  ['green', 1, demo(0, 'done'), []],
  ['running', 1, demo(3, 'running', 'done'), []],
  ['healed', 2, demo(3, 'done', 'done'), [heal('r0', 'proposed'), heal('r0', 'approved')]],
  ['approved', 3, demo(3, 'done', 'done'), [heal('r0', 'approved')]],
  ['running', 3, demo(3, 'running', 'done'), [heal('r1', 'approved')]],
  ['steady', 4, demo(3, 'done', 'done'), [heal('r1', 'approved')]],
  ['stopped', 1, demo(3, 'attention'), []],
  ['stopped', 0, demo(0, 'failed'), []],
] as const)('%s after %i steps', (want, count, d, heals) => {
  const got = stage(d, [...heals]);
  expect(got).toBe(want);
  expect(done(got, d, [...heals])).toBe(count);
});
