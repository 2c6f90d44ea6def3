import { useCallback, useEffect, useRef, useState } from 'react';

import type { Schemas } from '../api/client';
import { read } from '../api/stream';
import type { Frame, Gesture } from './gestures';
import { Sender } from './sender';

/** What there is of a browser besides its picture, as the server tells it. */
export interface ScreenState {
  url: string;
  tabs: { id: string; title: string; active?: boolean }[] | null;
  dialog?: { kind: string; message: string; default?: string };
  list?: { x: number; y: number; width: number; height: number; label?: string; options: { label: string; selected?: boolean; disabled?: boolean }[] | null };
  files?: { several?: boolean };
}

/** A browser of the server that is watched and worked in. */
export interface Watched {
  frame?: Frame;
  state?: ScreenState;
  /** It is closed, or somebody watches it elsewhere; show takes it back. */
  over?: 'end' | 'elsewhere';
  show: () => void;
  trouble: string;
  send: (gestures: readonly Gesture[]) => void;
  give: (files: readonly File[]) => Promise<void>;
}

const pause = 1000;
const headers = { 'Content-Type': 'application/json' };

async function post(path: string, body: unknown): Promise<{ status: number; message?: string }> {
  const res = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (res.ok) return { status: res.status };
  const problem = (await res.json().catch(() => ({}))) as { message?: string };
  return { status: res.status, message: problem.message };
}

const base64 = (f: File) =>
  new Promise<string>((done, fail) => {
    const r = new FileReader();
    r.onload = () => done(String(r.result).replace(/^[^,]*,/, ''));
    r.onerror = () => fail(r.error ?? new Error(`${f.name} cannot be read`));
    r.readAsDataURL(f);
  });

/** Watches the browser at a place of the API, such as /api/v1/recording, and works in it; undefined watches none. */
export function useScreen(path: string | undefined): Watched {
  const [frame, setFrame] = useState<Frame>();
  const [state, setState] = useState<ScreenState>();
  const [over, setOver] = useState<'end' | 'elsewhere'>();
  const [trouble, setTrouble] = useState('');
  const [turn, setTurn] = useState(0);
  const sender = useRef<Sender>(undefined);
  useEffect(() => {
    if (!path) return;
    const stop = new AbortController();
    const out = new Sender((b) => post(`${path}/input`, b), setTrouble);
    sender.current = out;
    let ended = false;
    const watch = async () => {
      while (!stop.signal.aborted && !ended) {
        try {
          const status = await read(`${path}/screen`, stop.signal, ({ event, data }) => {
            if (event === 'frame') setFrame(JSON.parse(data) as Frame);
            if (event === 'state') setState(JSON.parse(data) as ScreenState);
            if (event === 'end' || event === 'elsewhere') {
              ended = true;
              setOver(event);
            }
          });
          if (status >= 400 && status < 500) {
            ended = true;
            setOver('end');
          }
        } catch {
          if (stop.signal.aborted) return;
        }
        if (!ended) await new Promise((f) => window.setTimeout(f, pause)); // the server may be restarting
      }
    };
    void watch();
    return () => {
      stop.abort();
      out.stop();
      setFrame(undefined);
      setState(undefined);
      setOver(undefined);
    };
  }, [path, turn]);
  const send = useCallback((g: readonly Gesture[]) => sender.current?.send(g), []);
  const show = useCallback(() => setTurn((n) => n + 1), []);
  const give = useCallback(
    async (files: readonly File[]) => {
      if (!path) return;
      const list: Schemas['GivenFile'][] = [];
      for (const f of files) list.push({ name: f.name, data: await base64(f) });
      const { status, message } = await post(`${path}/files`, { files: list });
      setTrouble(status < 300 ? '' : (message ?? 'The page does not take the file.'));
    },
    [path],
  );
  return { frame, state, over, show, trouble, send, give };
}
