import type { Hand } from './useHand';

/** What is said of who drives the browser of a run: a title, and what it waits for or what comes next. */
export function wordsOf(hand: Hand, mine: boolean, paused: string[], asks: boolean): { title: string; text: string } {
  const who = mine ? 'You' : hand.by;
  const where = paused[0] ? `The flow waits before ${paused[0]}.` : asks ? 'The run waits for an answer: hand the browser back, then answer.' : 'The flow waits.';
  if (!hand.ready) return { title: mine ? 'You take over the browser' : `${who} takes over the browser`, text: hand.why ?? '' };
  const title = mine ? 'You drive the browser' : `${who} drives the browser`;
  if (!mine && hand.away) return { title: `${who} drives the browser, but is away`, text: `${where} It waits until somebody hands the browser back, or the run is told to go on.` };
  return { title, text: hand.why ? `${where} ${hand.why}` : where };
}
