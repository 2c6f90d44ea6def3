import { ActionIcon, Button, Group, Loader, Menu, Text, Tooltip } from '@mantine/core';
import { IconChevronDown, IconPlayerPlay, IconPlayerStop, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { api, must } from '../../api/client';
import { useJournal, type Event } from '../../api/events';
import { DebugBar } from '../../run/DebugBar';
import { pausedOf } from '../../run/paused';
import type { Bench, Mode, Trying } from './bench';

const words: Record<Mode, string> = { node: 'Run this node', to: 'Run to here', from: 'Run from here' };
const docs: Record<Mode, string> = {
  node: 'This node alone, on the recorded data',
  to: 'What leads here, and this node; what is recorded and unchanged is used again',
  from: 'This node and all behind it, on the recorded data',
};

/** The buttons that try the flow about one node. */
export function TryButtons({ onTry, busy }: { onTry: (mode: Mode) => void; busy: boolean }) {
  return (
    <Group gap={0} wrap="nowrap">
      <Button size="compact-sm" className="try-main" leftSection={<IconPlayerPlay size={14} aria-hidden />} loading={busy} onClick={() => onTry('to')}>
        {words.to}
      </Button>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button size="compact-sm" className="try-more" px={5} aria-label="Other ways to run" disabled={busy}>
            <IconChevronDown size={14} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {(['node', 'to', 'from'] as const).map((m) => (
            <Menu.Item key={m} onClick={() => onTry(m)}>
              {words[m]}
              <Text size="xs" c="dimmed" maw={260}>{docs[m]}</Text>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}

/** Follows the development run, and says how it stands. */
export function TryStatus({ trying, bench, onEnd }: { trying: Trying; bench: Bench; onEnd: () => void }) {
  const queries = useQueryClient();
  const heard = (events: Event[]) => {
    bench.heard(trying.run, events);
    if (events.some((e) => e.data?.paused)) void queries.invalidateQueries({ queryKey: ['run', trying.run] });
  };
  useJournal(trying.run, heard, () => {
    bench.ended(trying.run);
    onEnd();
  });
  const run = useQuery({
    queryKey: ['run', trying.run],
    queryFn: () => must(api.GET('/api/v1/runs/{id}', { params: { path: { id: trying.run } } })),
    refetchInterval: (q) => (['done', 'failed', 'cancelled'].includes(q.state.data?.status ?? '') ? false : 1500),
  });
  const cancel = useMutation({ mutationFn: () => must(api.POST('/api/v1/runs/{id}/cancel', { params: { path: { id: trying.run } } })) });
  const status = run.data?.status ?? 'queued';
  const going = !trying.ended && !['done', 'failed', 'cancelled'].includes(status);
  const paused = run.data && going ? pausedOf(run.data) : [];
  const said: Record<string, string> = {
    queued: 'Waits for a robot…',
    running: paused.length ? 'It is paused.' : 'Runs…',
    waiting: paused.length ? 'It is paused.' : 'Waits for a time or a message.',
    attention: 'Asks a question: answer it on the page of the run.',
    done: trying.mode === 'from' ? 'It ran to the end.' : 'It ran to the node.',
    failed: `It failed${run.data?.failure?.node ? ` at ${run.data.failure.node}` : ''}: ${run.data?.failure?.message ?? ''}`,
    cancelled: 'It was cancelled.',
  };
  return (
    <>
    {run.data && paused.length > 0 && <DebugBar run={run.data} paused={paused} onTold={() => void run.refetch()} />}
    <Group gap={8} wrap="nowrap" className="try-status" data-status={status} role="status">
      {going && !paused.length && <Loader size={14} />}
      <Text size="sm" className="wrap" flex={1}>
        {said[status] ?? status} <Link to="/runs/$id" params={{ id: trying.run }}>Look at the run</Link>
      </Text>
      {going ? (
        <Button size="compact-xs" variant="default" leftSection={<IconPlayerStop size={13} aria-hidden />} loading={cancel.isPending} onClick={() => cancel.mutate()}>Stop</Button>
      ) : (
        <Tooltip label="Dismiss">
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Dismiss what the run says" onClick={bench.dismiss}>
            <IconX size={14} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
    </>
  );
}
