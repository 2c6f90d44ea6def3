import { useEffect, useState } from 'react';

import { read } from '../api/stream';

/** What the browser of a run shows. */
export interface Frame {
  url: string;
  width: number;
  height: number;
  jpeg: string;
}

const pause = 1000;

/**
 * The pictures of a run's browser while it works. The last one stays when the run has ended, so that one sees how the
 * page was left.
 */
export function useFrames(run: string | undefined): Frame | undefined {
  const [shown, setShown] = useState<{ run: string; frame: Frame }>();
  useEffect(() => {
    if (!run) return;
    const stop = new AbortController();
    let over = false;
    const watch = async () => {
      while (!stop.signal.aborted && !over) {
        try {
          const status = await read(`/api/v1/runs/${encodeURIComponent(run)}/live`, stop.signal, (sent) => {
            if (sent.event === 'end') over = true;
            if (sent.event !== 'frame') return;
            const frame = JSON.parse(sent.data) as Frame;
            if (frame.jpeg) setShown({ run, frame });
          });
          if (status === 401 || status === 403 || status === 404) return;
        } catch {
          if (stop.signal.aborted) return;
        }
        if (!over) await new Promise((f) => window.setTimeout(f, pause)); // the server may be restarting
      }
    };
    void watch();
    return () => stop.abort();
  }, [run]);
  return shown?.run === run ? shown?.frame : undefined;
}
