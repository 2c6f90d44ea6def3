import '../ops/ops.css';

import { Badge, Card, Group, Progress, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { api, must, type Schemas } from '../api/client';
import { bytes } from '../ops/format';
import { Loading, Wrong } from '../parts/Notice';

function Part({ part }: { part: Schemas['HealthPart'] }) {
  const color = part.ok ? 'green' : 'red';
  return (
    <Card withBorder radius="md" component="section" aria-label={part.name}>
      <Group justify="space-between" wrap="nowrap">
        <Title order={2} size="h5">{part.name}</Title>
        <Badge color={color} variant="light" radius="sm" tt="none" className="status" data-color={color}>{part.ok ? 'In order' : 'Look at it'}</Badge>
      </Group>
      <Text size="sm" mt={6}>{part.detail}</Text>
      {part.hint && <Text size="sm" mt={4} fw={550}>What to do: {part.hint}</Text>}
    </Card>
  );
}

/** How the server is, and what it needs. */
export default function Health() {
  const got = useQuery({ queryKey: ['health'], refetchInterval: 5000, queryFn: () => must(api.GET('/api/v1/health')) });
  const h = got.data;
  const robots = h?.robots ?? [];
  return (
    <Stack className="page">
      <Title order={1} size="h2">Health</Title>
      {got.error ? <Wrong error={got.error} again={() => void got.refetch()} /> : null}
      {!h ? (got.error ? null : <Loading />) : (
        <>
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>{(h.parts ?? []).map((p) => <Part key={p.name} part={p} />)}</SimpleGrid>
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            <Card withBorder radius="md" component="section" aria-label="Versions">
              <Title order={2} size="h5" mb="sm">Versions</Title>
              <dl className="facts">
                <dt>Aether</dt><dd>{h.version}</dd>
                <dt>Built with</dt><dd>{h.go}</dd>
                <dt>System</dt><dd>{h.system}</dd>
                <dt>Database</dt><dd>{h.database.kind === 'postgres' ? 'PostgreSQL' : 'SQLite'} {h.database.version}</dd>
                <dt>Its tables</dt><dd>at migration {h.database.migration}</dd>
                <dt>Its size</dt><dd>{bytes(h.database.size)}</dd>
              </dl>
            </Card>
            {h.disk && (
              <Card withBorder radius="md" component="section" aria-label="Disk of the data folder">
                <Title order={2} size="h5" mb="sm">Disk of the data folder</Title>
                <Text size="sm">{bytes(h.disk.free)} of {bytes(h.disk.total)} free</Text>
                <Progress mt="xs" value={h.disk.total > 0 ? (100 * (h.disk.total - h.disk.free)) / h.disk.total : 0} color={h.disk.free < 0.05 * h.disk.total ? 'red' : undefined} aria-label="Used part of the disk" />
              </Card>
            )}
            <Card withBorder radius="md" component="section" aria-label="Robots by version">
              <Title order={2} size="h5" mb="sm">Robots by version</Title>
              {robots.length === 0 ? <Text size="sm" c="dimmed">No robot has registered.</Text> : (
                <Table fz="sm">
                  <Table.Thead><Table.Tr><Table.Th>Version</Table.Th><Table.Th>Online</Table.Th><Table.Th>On the list</Table.Th></Table.Tr></Table.Thead>
                  <Table.Tbody>{robots.map((r) => <Table.Tr key={r.version}><Table.Td className="wrap">{r.version || 'not told'}</Table.Td><Table.Td>{r.online}</Table.Td><Table.Td>{r.count}</Table.Td></Table.Tr>)}</Table.Tbody>
                </Table>
              )}
            </Card>
          </SimpleGrid>
        </>
      )}
    </Stack>
  );
}
