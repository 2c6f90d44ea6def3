import { Button, Card, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { api, must } from '../api/client';
import { Empty, Loading, Wrong } from '../parts/Notice';
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
  const flows = list.data?.pages.flatMap((p) => p.items ?? []) ?? [];
  return (
    <Stack className="page">
      <Title order={1} size="h2">Flows</Title>
      {list.error && <Wrong error={list.error} again={() => void list.refetch()} />}
      {list.isPending ? (
        <Loading />
      ) : flows.length === 0 ? (
        <Empty title="There are no flows yet">
          Push one from a terminal: <span className="mono">aether flow push my.flow.yaml</span>
        </Empty>
      ) : (
        <Card withBorder padding={0} radius="md">
          <Table.ScrollContainer minWidth={520}>
            <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>Draft</Table.Th>
                  <Table.Th>Production</Table.Th>
                  <Table.Th>Changed</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {flows.map((f) => (
                  <Table.Tr key={f.name}>
                    <Table.Td><Link to="/flows/$name" params={{ name: f.name }} className="rows-link">{f.name}</Link></Table.Td>
                    <Table.Td className="mono">{f.draft.slice(0, 12)}</Table.Td>
                    <Table.Td>{f.production ? <span className="mono">{f.production === f.draft ? 'the draft' : f.production.slice(0, 12)}</span> : <Text size="sm" c="dimmed">none</Text>}</Table.Td>
                    <Table.Td><When at={f.updated} /></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Card>
      )}
      {list.hasNextPage && (
        <Group justify="center">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>Show more</Button>
        </Group>
      )}
    </Stack>
  );
}
