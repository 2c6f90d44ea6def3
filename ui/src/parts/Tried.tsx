import { Badge, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import type { Run } from '../api/client';

const modes: Record<string, string> = { node: 'only the node', to: 'up to the node', from: 'from the node' };

/** Says of a run that it was made while its flow was written, and what it is about; nothing of the flow's own runs. */
export function Tried({ run }: { run: Run }) {
  const d = run.development;
  if (!d) return null;
  return (
    <>
      <Badge color="violet" variant="light" size="lg" radius="sm" tt="none">Development</Badge>
      <Text size="sm" c="dimmed" component="span">
        {modes[d.mode] ?? d.mode} <span className="mono">{d.at ?? d.node}</span>
        {d.of && <>, on what <Link to="/runs/$id" params={{ id: d.of }}>{d.of}</Link> recorded</>}
        {!!d.pins?.length && <>, with the pinned output of <span className="mono">{d.pins.join(', ')}</span></>}
      </Text>
    </>
  );
}
