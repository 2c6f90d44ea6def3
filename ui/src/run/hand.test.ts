import { describe, expect, it } from 'vitest';

import { wordsOf } from './hand';
import type { Hand } from './useHand';

const hand: Hand = { by: 'ada', since: '2026-11-29T12:00:00Z', ready: true, gestures: 3 };

describe('who drives the browser of a run', () => {
  it('says who, and before which node the flow waits', () => {
    expect(wordsOf(hand, true, ['each[2]/pay'], false)).toEqual({ title: 'You drive the browser', text: 'The flow waits before each[2]/pay.' });
    expect(wordsOf(hand, false, [], true).title).toBe('ada drives the browser');
    expect(wordsOf(hand, false, [], true).text).toContain('waits for an answer');
  });
  it('says that they are away, and what was not done', () => {
    expect(wordsOf({ ...hand, away: true }, false, ['pay'], false).text).toContain('until somebody hands the browser back');
    expect(wordsOf({ ...hand, why: 'The page does not take it.' }, true, ['pay'], false).text).toBe('The flow waits before pay. The page does not take it.');
  });
  it('says what it waits for while it is not ready', () => {
    expect(wordsOf({ ...hand, ready: false, why: 'The flow is at work.' }, true, [], false)).toEqual({ title: 'You take over the browser', text: 'The flow is at work.' });
  });
});
