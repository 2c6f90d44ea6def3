import { Card, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { api, must, type Schemas } from '../api/client';
import { Wrong } from './Notice';

type Steadiness = Schemas['Steady'];

/** How many targets are shown at most; the others are steadier. */
const shown = 10;

/** A part of one in percent. What is nearly all is not shown as all. */
export const percent = (x: number) => (x > 0.999 && x < 1 ? '99.9 %' : `${Number((100 * x).toFixed(1))} %`);

/** How often each query of a target found its element, where it has more than one. */
export function byQuery(t: Pick<Steadiness, 'ranks'>): string {
  const ranks = t.ranks ?? [];
  return ranks.length < 2 ? '' : ranks.map((n, i) => `query ${i + 1}: ${n}`).join(', ');
}

/** How well the targets of a flow found their elements in its last runs, the least steady first. */
export function Steady({ flow }: { flow: string }) {
  const steady = useQuery({ queryKey: ['stability', flow], queryFn: () => must(api.GET('/api/v1/stability', { params: { query: { flow, runs: 50 } } })) });
  if (steady.error) return <Wrong error={steady.error} again={() => void steady.refetch()} />;
  const targets = steady.data?.targets ?? [];
  if (!steady.data || targets.length === 0) return null;
  return (
    <Card withBorder radius="md" component="section" aria-label={`Targets of ${flow}`}>
      <Stack gap="sm">
        <div>
          <Title order={2} size="h5">Targets of {flow}</Title>
          <Text size="sm" c="dimmed">How they found their elements in the last {steady.data.runs} {steady.data.runs === 1 ? 'run' : 'runs'}, the least steady first.</Text>
        </div>
        <Table.ScrollContainer minWidth={640}>
          <Table verticalSpacing={6} horizontalSpacing="sm" fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Node</Table.Th>
                <Table.Th>Target</Table.Th>
                <Table.Th>Found</Table.Th>
                <Table.Th>By its first query</Table.Th>
                <Table.Th>Healed</Table.Th>
                <Table.Th>Asked</Table.Th>
                <Table.Th>Not found</Table.Th>
                <Table.Th>Another one</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {targets.slice(0, shown).map((t) => (
                <Table.Tr key={`${t.flow}\n${t.node}\n${t.target}`}>
                  <Table.Td>{t.flow === flow ? t.node : `${t.flow}: ${t.node}`}</Table.Td>
                  <Table.Td maw={300}><Text size="sm" lineClamp={2} className="mono">{t.target}</Text></Table.Td>
                  <Table.Td>{t.found}</Table.Td>
                  <Table.Td>{percent(t.first)}{byQuery(t) && <Text size="xs" c="dimmed">{byQuery(t)}</Text>}</Table.Td>
                  <Table.Td>{t.healed}</Table.Td>
                  <Table.Td>{t.asked}</Table.Td>
                  <Table.Td>{t.abstained}</Table.Td>
                  <Table.Td>{t.mismatches}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        {targets.length > shown && <Text size="sm" c="dimmed">{targets.length - shown} more are steadier.</Text>}
      </Stack>
    </Card>
  );
}
