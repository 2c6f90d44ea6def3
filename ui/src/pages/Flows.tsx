import { Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { api, must } from '../api/client';
import { DemoLink } from '../demo/DemoLink';
import { useMay } from '../parts/may';
import { Listing } from '../parts/Listing';
import { Empty } from '../parts/Notice';
import { When } from '../parts/When';

/** The flows that were pushed, by name. */
export default function Flows() {
  const list = useInfiniteQuery({
    queryKey: ['flows'],
    queryFn: ({ pageParam }) => must(api.GET('/api/v1/flows', { params: { query: { limit: 100, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: 10_000,
  });
  const may = useMay();
  const flows = list.data?.pages.flatMap((p) => p.items ?? []) ?? [];
  return (
    <Stack className="page">
      <Group justify="space-between">
        <Title order={1} size="h2">Flows</Title>
        {may('flows.write') && (
          <Group gap="xs">
            <Button variant="default" component={Link} to="/record">Record…</Button>
            <Button component={Link} to="/flows/new">New flow</Button>
          </Group>
        )}
      </Group>
      <Listing
        pages={list}
        count={flows.length}
        minWidth={520}
        empty={<Empty title="There are no flows yet">
          Build one with <b>New flow</b>, or push one from a terminal: <span className="mono">aether flow push my.flow.yaml</span>
          <div><DemoLink /></div>
        </Empty>}
        heads={['Name', 'Draft', 'Production', 'Changed']}
      >
        {flows.map((f) => (
          <Table.Tr key={f.name}>
            <Table.Td><Link to="/flows/$name" params={{ name: f.name }} className="rows-link">{f.name}</Link></Table.Td>
            <Table.Td className="mono">{f.draft.slice(0, 12)}</Table.Td>
            <Table.Td>{f.production ? <span className="mono">{f.production === f.draft ? 'the draft' : f.production.slice(0, 12)}</span> : <Text size="sm" c="dimmed">none</Text>}</Table.Td>
            <Table.Td><When at={f.updated} /></Table.Td>
          </Table.Tr>
        ))}
      </Listing>
    </Stack>
  );
}
