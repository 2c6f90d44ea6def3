import { Badge, Card, CloseButton, Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { api, must } from '../api/client';
import type { FlowNode } from '../canvas/flow';
import { Json } from '../parts/Json';
import { Wrong } from '../parts/Notice';
import { duration } from '../parts/time';
import { When } from '../parts/When';
import { FailureText } from './FailureText';

/** What is known of one node of a run: how it is set, and what came of each execution. */
export function Step({ run, node, live, onClose }: { run: string; node: FlowNode; live: boolean; onClose: () => void }) {
  const steps = useQuery({
    queryKey: ['steps', run, node.id],
    queryFn: () => must(api.GET('/api/v1/runs/{id}/steps', { params: { path: { id: run }, query: { node: node.id, limit: 100 } } })),
    refetchInterval: live ? 2000 : false,
  });
  const list = steps.data?.items ?? [];
  return (
    <Card withBorder radius="md" component="section" aria-label={`Node ${node.title}`}>
      <Group justify="space-between" wrap="nowrap" align="start">
        <div>
          <Title order={2} size="h5">{node.title}</Title>
          <Text size="xs" c="dimmed" className="mono">{node.id} · {node.type}</Text>
        </div>
        <CloseButton aria-label="Close" onClick={onClose} />
      </Group>
      <Tabs defaultValue="output" mt="sm" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="output">Output</Tabs.Tab>
          <Tabs.Tab value="params">Parameters</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="params" pt="sm">
          <Json value={node.params} label="Parameters" />
        </Tabs.Panel>
        <Tabs.Panel value="output" pt="sm">
          <Stack gap="sm">
            {steps.error && <Wrong error={steps.error} again={() => void steps.refetch()} />}
            {steps.isSuccess && list.length === 0 && <Text size="sm" c="dimmed">Nothing of this node is recorded: it has not run, or it only computes and is computed again when the run goes on.</Text>}
            {list.map((s) => (
              <div key={s.path}>
                <Group gap="xs" mb={4}>
                  <Text size="xs" className="mono">{s.path}</Text>
                  {s.failure && <Badge color="red" variant="light" size="xs" tt="none">failed</Badge>}
                  <Text size="xs" c="dimmed">
                    {s.ended && <When at={s.ended} />}
                    {s.started && s.ended ? `, took ${duration(Date.parse(s.ended) - Date.parse(s.started))}` : ''}
                  </Text>
                </Group>
                {s.failure ? <FailureText failure={s.failure} /> : <Json value={s.output ?? null} label={`Output of ${s.path}`} />}
              </div>
            ))}
            {steps.data?.next && <Text size="xs" c="dimmed">These are the first 100. <span className="mono">aether runs export {run}</span> has them all.</Text>}
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}
