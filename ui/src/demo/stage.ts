import type { Schemas } from '../api/client';

type Demo = Schemas['DemoOut'];
type Heal = Schemas['Heal'];

/** How far somebody has come with the demo. */
export type Stage = 'offer' | 'running' | 'stopped' | 'green' | 'healed' | 'approved' | 'steady';

/** The steps that the page names, in order. */
export const steps = ['Run it', 'Break the page', 'Approve', 'Run again'] as const;

/** The heals that the latest run needed, in the order in which it came upon them. */
export function healsOf(demo: Demo, heals: Heal[]): Heal[] {
  const run = demo.runs?.[0]?.id;
  return heals.filter((h) => h.run === run).sort((a, b) => a.id - b.id);
}

/** Whether a person has still to say something of a heal. */
export const open = (h: Heal) => h.state === 'proposed' || h.state === 'used';

/** What comes next follows from the latest run, its heals, and how the site is served: nothing is kept in the page. */
export function stage(demo: Demo, heals: Heal[]): Stage {
  const last = demo.runs?.[0];
  if (!last) return 'offer';
  switch (last.status) {
    case 'done':
      break;
    case 'failed':
    case 'cancelled':
    case 'attention':
      return 'stopped';
    default:
      return 'running';
  }
  const mine = healsOf(demo, heals);
  if (mine.some(open)) return 'healed';
  if (mine.length > 0) return 'approved';
  return demo.site.level > 0 ? 'steady' : 'green';
}

/** How many of the steps are done. */
export function done(s: Stage, demo: Demo, heals: Heal[]): number {
  switch (s) {
    case 'green':
      return 1;
    case 'healed':
      return 2;
    case 'approved':
      return 3;
    case 'steady':
      return 4;
    case 'offer':
      return 0;
    default:
      if (demo.site.level === 0) return 0;
      return heals.some((h) => h.state === 'approved') ? 3 : 1;
  }
}
