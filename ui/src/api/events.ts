import { useEffect, useRef } from 'react';

/** One entry of a run's journal. */
export interface Event {
  run: string;
  seq: number;
  kind: string;
  path?: string;
  at: string;
  data?: Record<string, unknown>;
}

const wait = [500, 1000, 2000, 5000];

/**
 * Follows a run's journal by server-sent events, from its beginning to its end, through lost connections. Events come in
 * batches, one each frame at most, so that ten thousand a second do not stop the page.
 */
export function useJournal(run: string, onEvents: (events: Event[]) => void, onEnd: () => void) {
  const handlers = useRef({ onEvents, onEnd });
  useEffect(() => {
    handlers.current = { onEvents, onEnd };
  });
  useEffect(() => {
    const stop = new AbortController();
    let last = '';
    let buffer: Event[] = [];
    let frame = 0;
    const flush = () => {
      frame = 0;
      const events = buffer;
      buffer = [];
      if (events.length) handlers.current.onEvents(events);
    };
    const take = (block: string) => {
      let id = '';
      let kind = '';
      let data = '';
      for (const line of block.split('\n')) {
        if (line.startsWith('id: ')) id = line.slice(4);
        else if (line.startsWith('event: ')) kind = line.slice(7);
        else if (line.startsWith('data: ')) data += line.slice(6);
      }
      if (kind === 'end') {
        flush();
        stop.abort();
        handlers.current.onEnd();
        return;
      }
      if (!id || !data) return;
      last = id;
      buffer.push(JSON.parse(data) as Event);
      if (!frame) frame = window.setTimeout(flush, 16);
    };
    const follow = async () => {
      for (let tries = 0; !stop.signal.aborted; tries++) {
        try {
          const headers: Record<string, string> = { Accept: 'text/event-stream' };
          if (last) headers['Last-Event-ID'] = last;
          const res = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/events`, { headers, signal: stop.signal });
          if (res.status === 401 || res.status === 403 || res.status === 404) return;
          if (!res.ok || !res.body) throw new Error(String(res.status));
          tries = 0;
          const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
          let text = '';
          for (;;) {
            const { value, done } = await reader.read();
            if (done) break;
            text += value;
            const blocks = text.split('\n\n');
            text = blocks.pop() ?? '';
            blocks.forEach(take);
          }
        } catch {
          if (stop.signal.aborted) return;
        }
        await new Promise((f) => window.setTimeout(f, wait[Math.min(tries, wait.length - 1)]));
      }
    };
    void follow();
    return () => {
      stop.abort();
      window.clearTimeout(frame);
    };
  }, [run]);
}
