import { Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';

import { follow } from '../api/sse';
import { Empty } from '../parts/Notice';
import { clock } from '../parts/time';

interface Frame {
  at: string;
  url: string;
  width: number;
  height: number;
  jpeg: string;
}

/** What the browser of a run shows now. Pictures are taken while this is looked at, and kept nowhere. */
export default function Live({ run }: { run: string }) {
  const [frame, setFrame] = useState<Frame>();
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    void follow(
      `/api/v1/runs/${encodeURIComponent(run)}/live`,
      stop.signal,
      ({ kind, data }) => {
        if (kind === 'end') {
          setEnded(true);
          return false;
        }
        if (kind === 'frame' && data) setFrame(JSON.parse(data) as Frame);
      },
      false,
    );
    return () => stop.abort();
  }, [run]);
  const known = frame?.jpeg && /^[A-Za-z0-9+/=]+$/.test(frame.jpeg);
  if (!known) {
    return ended ? <Empty title="The run has ended">Its browser is closed.</Empty> : <Empty title="There is no page yet">The browser of the run shows here as soon as one is open and something moves. While the run waits for a person its browser may be closed; it is opened again when the run goes on.</Empty>;
  }
  return (
    <Stack gap={6} p="sm" className="live">
      <Text size="xs" className="mono wrap">{frame.url}</Text>
      <img className="picture" src={`data:image/jpeg;base64,${frame.jpeg}`} width={frame.width} height={frame.height} alt={`What the browser of the run shows: ${frame.url}`} />
      <Text size="xs" c="dimmed">{ended ? 'The run has ended; this was the last picture.' : `As of ${clock(frame.at)}`}</Text>
    </Stack>
  );
}
