import { useEffect, useRef } from 'react';

import { follow } from './sse';

/** One entry of a run's journal. */
export interface Event {
  run: string;
  seq: number;
  kind: string;
  path?: string;
  at: string;
  data?: Record<string, unknown>;
}

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
    let buffer: Event[] = [];
    let frame = 0;
    let pause = 16;
    const flush = () => {
      frame = 0;
      const events = buffer;
      buffer = [];
      if (events.length) handlers.current.onEvents(events);
      // Where very many come, as of a long run from its beginning, the page is drawn less often.
      pause = events.length > 500 ? 300 : 16;
    };
    void follow(`/api/v1/runs/${encodeURIComponent(run)}/events`, stop.signal, ({ id, kind, data }) => {
      if (kind === 'end') {
        flush();
        stop.abort();
        handlers.current.onEnd();
        return false;
      }
      if (!id || !data) return;
      buffer.push(JSON.parse(data) as Event);
      if (!frame) frame = window.setTimeout(flush, pause);
    });
    return () => {
      stop.abort();
      window.clearTimeout(frame);
    };
  }, [run]);
}
