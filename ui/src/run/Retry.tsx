import { Button, Group, Modal, Radio, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must, type Run } from '../api/client';
import type { FlowDoc } from '../canvas/flow';
import { Wrong } from '../parts/Notice';

/** Asks from where an ended run is run again, and says what is done again and what is used as it was recorded. */
export function Retry({ run, doc, opened, onClose }: { run: Run; doc: FlowDoc; opened: boolean; onClose: () => void }) {
  const [from, setFrom] = useState<'failed' | 'start' | 'node'>(run.status === 'failed' ? 'failed' : 'start');
  const [node, setNode] = useState<string | null>(null);
  const go = useNavigate();
  const start = from === 'node' ? node : from;
  const preview = useQuery({
    queryKey: ['retry', run.id, start],
    enabled: opened && !!start,
    queryFn: () => must(api.GET('/api/v1/runs/{id}/retry', { params: { path: { id: run.id }, query: { from: start ?? '' } } })),
  });
  const again = useMutation({
    mutationFn: () => must(api.POST('/api/v1/runs/{id}/retry', { params: { path: { id: run.id } }, body: { from: start ?? 'failed' } })),
    onSuccess: async (s) => {
      onClose();
      await go({ to: '/runs/$id', params: { id: s.run } });
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title="Run it again" size="lg">
      <Stack>
        <Radio.Group label="From where" value={from} onChange={(v) => setFrom(v as typeof from)}>
          <Stack gap="xs" mt="xs">
            <Radio value="failed" label="From the node that failed" disabled={run.status !== 'failed'} />
            <Radio value="node" label="From a node" />
            <Radio value="start" label="From the start" />
          </Stack>
        </Radio.Group>
        {from === 'node' && <Select label="Node" searchable data={doc.nodes.map((n) => ({ value: n.id, label: n.title === n.id ? n.id : `${n.title} (${n.id})` }))} value={node} onChange={setNode} />}
        {preview.error && <Wrong error={preview.error} />}
        {preview.data && (
          <Stack gap={4}>
            <Text size="sm">
              {(preview.data.reused ?? []).length === 0 ? 'Nothing is used as it was recorded.' : `${(preview.data.reused ?? []).length} recorded steps are used as they were and not done again.`}
            </Text>
            {(preview.data.again ?? []).length > 0 && (
              <Text size="sm">Done again: {(preview.data.again ?? []).slice(0, 12).map((s) => `${s.path}${s.side_effect ? ' (acts on the world)' : ''}`).join(', ')}{(preview.data.again ?? []).length > 12 ? ', …' : ''}</Text>
            )}
            {(preview.data.notes ?? []).map((n) => <Text size="sm" key={n}>{n}</Text>)}
          </Stack>
        )}
        {again.error && <Wrong error={again.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Leave it</Button>
          <Button onClick={() => again.mutate()} loading={again.isPending} disabled={!start}>Run again</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
