import { describe, expect, it } from 'vitest';

import { add, known, mods, place, Presses, type Gesture } from './gestures';
import { Sender, type Batch } from './sender';

const none = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };

describe('gestures', () => {
  it('finds the place in the page, also outside of the picture', () => {
    const box = { left: 100, top: 50, width: 640, height: 400 };
    const frame = { width: 1280, height: 800 };
    expect(place(420, 250, box, frame)).toEqual({ x: 640, y: 400 });
    expect(place(0, 9999, box, frame)).toEqual({ x: 0, y: 799 });
  });
  it('knows keys and what is held', () => {
    expect(['a', 'ä', '漢', 'Enter', 'F12', 'ArrowLeft'].every(known)).toBe(true);
    expect(['Dead', 'Process', 'Shift', 'F13', ''].some(known)).toBe(false);
    expect(mods({ ...none, shiftKey: true, altKey: true })).toBe(9);
    expect(mods({ ...none, ctrlKey: true, altKey: true, getModifierState: () => true })).toBe(0); // AltGr makes a character
  });
  it('counts presses', () => {
    const p = new Presses();
    const at = (timeStamp: number, clientX = 5) => p.count({ timeStamp, clientX, clientY: 5, button: 0 });
    expect([at(0), at(200), at(400), at(600), at(1500), at(1600, 90)]).toEqual([1, 2, 3, 1, 1, 1]);
  });
  it('puts moves and turns of the wheel together, and nothing else', () => {
    const waiting: Gesture[] = [];
    add(waiting, [{ kind: 'move', x: 1 }, { kind: 'move', x: 2 }, { kind: 'wheel', dy: 10 }, { kind: 'wheel', dy: 5 }, { kind: 'move', x: 3 }, { kind: 'keydown', key: 'a' }, { kind: 'keydown', key: 'a' }]);
    expect(waiting.map((g) => [g.kind, g.x ?? g.dy ?? g.key])).toEqual([['move', 2], ['wheel', 15], ['move', 3], ['keydown', 'a'], ['keydown', 'a']]);
  });
});

/** A server that keeps what is done, each batch once, and answers as it is told to. */
function server(answers: (number | 'lost' | 'answer lost')[]) {
  const done: string[] = [];
  const seen = new Map<string, number>();
  const post = (b: Batch): Promise<{ status: number }> => {
    const how = answers.shift() ?? 204;
    if (how === 'lost') return Promise.reject(new Error('lost'));
    if (typeof how === 'number' && how >= 300) return Promise.resolve({ status: how });
    const last = seen.get(b.client) ?? 0;
    if (b.seq > last + 1) return Promise.resolve({ status: 409 });
    if (b.seq === last + 1) {
      seen.set(b.client, b.seq);
      done.push(...b.gestures.map((g) => g.key ?? ''));
    }
    if (how === 'answer lost') return Promise.reject(new Error('lost'));
    return Promise.resolve({ status: 204 });
  };
  return { done, post };
}

const settled = async (s: { done: string[] }, n: number) => {
  for (let i = 0; i < 500 && s.done.length < n; i++) await new Promise((f) => setTimeout(f, 1));
};

describe('the sender', () => {
  const keys = (text: string): Gesture[] => [...text].map((key) => ({ kind: 'keydown', key }));
  it('does each thing once and in order, whatever is lost', async () => {
    const s = server(['answer lost', 'lost', 204, 503, 'lost', 'answer lost', 204, 204]);
    const said: string[] = [];
    const out = new Sender(s.post, (t) => said.push(t), () => Promise.resolve());
    out.send(keys('ab'));
    out.send(keys('c'));
    await settled(s, 3);
    out.send(keys('def'));
    await settled(s, 6);
    expect(s.done.join('')).toBe('abcdef');
    expect(said.some((t) => t.includes('sent again'))).toBe(true);
  });
  it('goes on after what the server refuses', async () => {
    const s = server([204, 422, 204]);
    const said: string[] = [];
    const out = new Sender(s.post, (t) => said.push(t), () => Promise.resolve());
    out.send(keys('a'));
    await settled(s, 1);
    out.send(keys('b'));
    for (let i = 0; i < 500 && !said.some((t) => t.includes('does not take')); i++) await new Promise((f) => setTimeout(f, 1));
    out.send(keys('c'));
    await settled(s, 2);
    expect(s.done.join('')).toBe('ac');
  });
});
