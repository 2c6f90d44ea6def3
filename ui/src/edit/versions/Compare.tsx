import { Badge, Card, Group, Stack, Table, Tabs, Text } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { stringify } from 'yaml';

import { Canvas } from '../../canvas/Canvas';
import { Empty, Loading } from '../../parts/Notice';
import { diff, type Difference, type Mark } from './diff';

const TextDiff = lazy(() => import('./TextDiff'));
const colors: Record<Mark, string> = { added: 'green', removed: 'red', changed: 'orange' };
const show = (v: unknown) => (v === undefined ? '–' : typeof v === 'string' ? v : stringify(v, { lineWidth: 0 }).trimEnd());

interface Side {
  flow: unknown;
  text: string;
}

/** Two versions of a flow: on the canvas, as a list of what differs, and as texts. */
export function Compare({ before, after }: { before: Side; after: Side }) {
  const d = useMemo(() => diff(before.flow, after.flow), [before, after]);
  const [node, setNode] = useState<string | undefined>();
  const none = !d.nodes.length && !d.edges.size && !d.flow.length;
  const chosen = d.nodes.find((n) => n.id === node);
  const count = (m: Mark) => d.nodes.filter((n) => n.mark === m).length;
  return (
    <Stack gap="sm">
      <Group gap="xs" role="status">
        {none ? (
          <Text size="sm">{before.text === after.text ? 'They are the same.' : 'They do the same; layout or comments differ.'}</Text>
        ) : (
          <>
            {(['added', 'changed', 'removed'] as const).map((m) => count(m) > 0 && <Badge key={m} variant="light" color={colors[m]} className="status" data-color={colors[m]} radius="sm" tt="none">{count(m)} {count(m) === 1 ? 'node' : 'nodes'} {m}</Badge>)}
            {d.edges.size > 0 && <Text size="sm" c="dimmed">{d.edges.size} {d.edges.size === 1 ? 'wire' : 'wires'}</Text>}
            {d.flow.length > 0 && <Text size="sm" c="dimmed">{d.flow.length} beside the nodes</Text>}
          </>
        )}
      </Group>
      <Tabs defaultValue="graph" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="graph">Graph</Tabs.Tab>
          <Tabs.Tab value="fields">What differs</Tabs.Tab>
          <Tabs.Tab value="text">Text</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="graph">
          <Card withBorder padding={0} radius="md" className="version-graph">
            <Canvas doc={d.doc} marks={d.marks} wires={d.edges} selected={node} onSelect={(id) => setNode(id === node ? undefined : id)} />
          </Card>
          {chosen && <div><Text fw={600} size="sm" mt="sm">{chosen.title} · {chosen.mark}</Text><Fields list={chosen.fields} /></div>}
          {node !== undefined && !chosen && <Text size="sm" c="dimmed" mt="sm">{node} is the same in both.</Text>}
        </Tabs.Panel>
        <Tabs.Panel value="fields">
          {none ? <Empty title="Nothing differs">Both versions do the same.</Empty> : (
            <Stack>
              {d.flow.length > 0 && <section aria-label="The flow"><Text fw={600} size="sm">The flow</Text><Fields list={d.flow} /></section>}
              {d.nodes.map((n) => (
                <section key={n.id} aria-label={n.title}>
                  <Group gap="xs"><Text fw={600} size="sm">{n.title}</Text><Text size="xs" c="dimmed" className="mono">{n.id}</Text><Badge size="sm" variant="light" color={colors[n.mark]} className="status" data-color={colors[n.mark]} tt="none" radius="sm">{n.mark}</Badge></Group>
                  <Fields list={n.fields} />
                </section>
              ))}
              {d.edges.size > 0 && (
                <section aria-label="Wires">
                  <Text fw={600} size="sm">Wires</Text>
                  {[...d.edges].map(([e, m]) => <Text key={e} size="sm" className="mono">{m === 'added' ? '+' : '−'} {e}</Text>)}
                </section>
              )}
            </Stack>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="text">
          <Suspense fallback={<Loading />}><TextDiff before={before.text} after={after.text} /></Suspense>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Fields({ list }: { list: Difference[] }) {
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table className="diff-fields" layout="fixed">
        <Table.Thead><Table.Tr><Table.Th w="24%">Field</Table.Th><Table.Th>Before</Table.Th><Table.Th>After</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {list.map((f) => (
            <Table.Tr key={f.what}>
              <Table.Td className="mono">{f.what}</Table.Td>
              <Table.Td><pre>{show(f.before)}</pre></Table.Td>
              <Table.Td><pre>{show(f.after)}</pre></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
