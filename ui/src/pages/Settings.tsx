import { Card, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, must } from '../api/client';
import { Empty, Loading, Wrong } from '../parts/Notice';

/** The settings in effect on this server, and where each is from. They are changed where the server is started. */
export default function Settings() {
  const [find, setFind] = useState('');
  const list = useQuery({ queryKey: ['settings'], queryFn: () => must(api.GET('/api/v1/settings')), staleTime: 60_000 });
  const settings = (list.data?.items ?? []).filter((s) => `${s.key} ${s.source}`.toLowerCase().includes(find.toLowerCase()));
  return (
    <Stack className="page">
      <Title order={1} size="h2">Settings</Title>
      <Text size="sm" c="dimmed">These are in effect. To change one, edit the file or the environment that the server is started with, and start it again; what is secret is masked.</Text>
      <TextInput label="Search" placeholder="Name or source" value={find} onChange={(e) => setFind(e.currentTarget.value)} maw={260} />
      {list.error ? <Wrong error={list.error} again={() => void list.refetch()} /> : list.isPending ? <Loading /> : settings.length === 0 ? <Empty title="No setting fits" /> : (
        <Card withBorder padding={0} radius="md">
          <Table.ScrollContainer minWidth={620}>
            <Table verticalSpacing={6} horizontalSpacing="md" highlightOnHover>
              <Table.Thead><Table.Tr><Table.Th>Setting</Table.Th><Table.Th>Value</Table.Th><Table.Th>From</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {settings.map((s) => (
                  <Table.Tr key={s.key}>
                    <Table.Td><span className="mono">{s.key}</span></Table.Td>
                    <Table.Td maw={460} className="wrap"><span className="mono">{s.value}</span></Table.Td>
                    <Table.Td maw={260} className="wrap"><Text size="sm" c={s.source === 'default' ? 'dimmed' : undefined}>{s.source}</Text></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Card>
      )}
    </Stack>
  );
}
