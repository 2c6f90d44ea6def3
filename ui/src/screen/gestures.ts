import type { Schemas } from '../api/client';

/** One thing that a person does in a page, as the server takes it. */
export type Gesture = Schemas['Gesture'];

/** How a page looks: a JPEG in base64, and the size of its window in CSS pixels. */
export interface Frame {
  url: string;
  width: number;
  height: number;
  jpeg: string;
}

interface Held {
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

const mac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** What is held, as a sum of 1 Alt, 2 Control, 4 Meta, 8 Shift. On a Mac, Command stands for Control. */
export function mods(e: Held & { getModifierState?: (k: 'AltGraph') => boolean }): number {
  if (e.getModifierState?.('AltGraph')) return e.shiftKey ? 8 : 0; // it makes a character
  const control = e.ctrlKey || (mac && e.metaKey);
  return (e.altKey ? 1 : 0) | (control ? 2 : 0) | (e.metaKey && !mac ? 4 : 0) | (e.shiftKey ? 8 : 0);
}

const named = /^(Enter|Tab|Escape|Backspace|Delete|Insert|Home|End|PageUp|PageDown|Arrow(Left|Up|Right|Down)|F([1-9]|1[0-2]))$/;

/** Whether a key can be handed on: one with a name that pages know, or a character. */
export const known = (key: string): boolean => named.test(key) || [...key].length === 1;

const buttons = ['left', 'middle', 'right'] as const;

/** The button of the mouse by its number. */
export const button = (n: number): 'left' | 'middle' | 'right' | undefined => buttons[n];

/** Where in the page's window a place of the picture is. */
export function place(x: number, y: number, box: { left: number; top: number; width: number; height: number }, frame: { width: number; height: number }): { x: number; y: number } {
  const at = (v: number, from: number, size: number, of: number) => Math.round(Math.min(Math.max(((v - from) / (size || 1)) * of, 0), of - 1) * 10) / 10;
  return { x: at(x, box.left, box.width, frame.width), y: at(y, box.top, box.height, frame.height) };
}

/** Counts presses: those that follow each other soon and nearby are one double or triple click. */
export class Presses {
  private last = { at: -1e9, x: 0, y: 0, button: -1, n: 0 };

  count(e: { timeStamp: number; clientX: number; clientY: number; button: number }): number {
    const l = this.last;
    const again = e.timeStamp - l.at < 500 && e.button === l.button && Math.hypot(e.clientX - l.x, e.clientY - l.y) < 6 && l.n < 3;
    this.last = { at: e.timeStamp, x: e.clientX, y: e.clientY, button: e.button, n: again ? l.n + 1 : 1 };
    return this.last.n;
  }
}

/** Adds gestures to those that wait: of moves in a row only the last counts, and turns of the wheel at one place add up. */
export function add(waiting: Gesture[], more: readonly Gesture[]): void {
  for (const g of more) {
    const last = waiting.at(-1);
    if (last && g.kind === 'move' && last.kind === 'move') waiting.pop();
    if (last && g.kind === 'wheel' && last.kind === 'wheel' && Math.abs((last.dy ?? 0) + (g.dy ?? 0)) < 5000) {
      waiting.pop();
      waiting.push({ ...g, dx: (last.dx ?? 0) + (g.dx ?? 0), dy: (last.dy ?? 0) + (g.dy ?? 0) });
      continue;
    }
    waiting.push(g);
  }
}
