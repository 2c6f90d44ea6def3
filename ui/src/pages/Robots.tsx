import { Badge, Button, Card, Group, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, must, type Robot } from '../api/client';
import { useMay } from '../parts/may';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { Status } from '../parts/Status';
import { When } from '../parts/When';

function One({ robot }: { robot: Robot }) {
  const may = useMay();
  const queries = useQueryClient();
  const done = {
    onSuccess: () => queries.invalidateQueries({ queryKey: ['robots'] }),
    onError: (e: Error) => notifications.show({ color: 'red', title: robot.name, message: e.message }),
  };
  const path = { params: { path: { name: robot.name } } };
  const pause = useMutation({ mutationFn: () => must(robot.paused ? api.POST('/api/v1/robots/{name}/resume', path) : api.POST('/api/v1/robots/{name}/pause', path)), ...done });
  const forget = useMutation({ mutationFn: () => must(api.DELETE('/api/v1/robots/{name}', path)), ...done });
  const gone = robot.state === 'lost' || robot.state === 'offline';
  return (
    <Card withBorder radius="md" component="section" aria-label={robot.name}>
      <Group justify="space-between" wrap="nowrap">
        <Title order={2} size="h5" className="clip" title={robot.name}>{robot.name}</Title>
        <Status of={robot.paused && !gone ? 'paused' : robot.state} />
      </Group>
      <Text size="sm" c="dimmed" mt={4}>Seen <When at={robot.seen} /> · started <When at={robot.started} /></Text>
      <Text size="sm" mt="sm">{robot.busy} of {robot.slots} {robot.slots === 1 ? 'slot' : 'slots'} at work</Text>
      <Progress value={robot.slots ? (100 * robot.busy) / robot.slots : 0} mt={4} aria-label="Slots at work" />
      <Group gap={6} mt="sm">
        {(robot.labels ?? []).map((l) => <Badge key={l} variant="default" radius="sm" tt="none" size="sm">{l}</Badge>)}
      </Group>
      <Group mt="md" gap="xs">
        {may('robots.write') && !gone && <Button size="xs" variant="default" loading={pause.isPending} onClick={() => pause.mutate()}>{robot.paused ? 'Let it take jobs again' : 'Pause'}</Button>}
        {may('robots.write') && gone && <Button size="xs" variant="default" loading={forget.isPending} onClick={() => forget.mutate()}>Take off the list</Button>}
      </Group>
    </Card>
  );
}

/** The robots: what each has, does, and whether it lives. */
export default function Robots() {
  const list = useQuery({ queryKey: ['robots'], queryFn: () => must(api.GET('/api/v1/robots')), refetchInterval: 3000 });
  const robots = list.data?.items ?? [];
  return (
    <Stack className="page">
      <Title order={1} size="h2">Robots</Title>
      {list.error && <Wrong error={list.error} again={() => void list.refetch()} />}
      {list.isPending ? (
        <Loading />
      ) : robots.length === 0 ? (
        <Empty title="No robot is there">Start one on any machine that reaches the database: <span className="mono">aether robot</span></Empty>
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>{robots.map((r) => <One key={r.name} robot={r} />)}</SimpleGrid>
      )}
    </Stack>
  );
}
