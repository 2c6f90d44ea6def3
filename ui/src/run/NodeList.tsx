import { Table } from '@mantine/core';

import type { FlowDoc } from '../canvas/flow';
import { duration } from '../parts/time';
import type { NodeState } from './state';

const words: Record<NodeState['state'], string> = { idle: '', running: 'At work', waiting: 'Waits', retrying: 'Will be tried again', paused: 'Paused before it', done: 'Done', failed: 'Failed', passed: 'Passed', cancelled: 'Not ended' };

/** The nodes of a flow as a table: the same as the graph for who reads rather than looks. */
export function NodeList({ doc, states, selected, onSelect }: { doc: FlowDoc; states?: Map<string, NodeState>; selected?: string; onSelect: (node: string) => void }) {
  const next = (id: string) => doc.edges.filter((e) => e.from === id).map((e) => (e.port && e.port !== 'next' ? `${e.port}: ${e.to}` : e.to)).join(', ');
  return (
    <Table verticalSpacing="xs" horizontalSpacing="md">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Node</Table.Th>
          <Table.Th>Type</Table.Th>
          {states && <Table.Th>State</Table.Th>}
          {states && <Table.Th>Last took</Table.Th>}
          <Table.Th>Leads to</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {doc.nodes.map((n) => {
          const s = states?.get(n.id);
          return (
            <Table.Tr key={n.id} bg={n.id === selected ? 'var(--mantine-color-default-hover)' : undefined}>
              <Table.Td><button type="button" className="as-link" onClick={() => onSelect(n.id)}>{n.title}</button></Table.Td>
              <Table.Td className="mono">{n.type}</Table.Td>
              {states && <Table.Td>{s ? `${words[s.state]}${s.count > 1 ? ` (${s.count}×)` : ''}${s.note ? `, ${s.note}` : ''}` : ''}</Table.Td>}
              {states && <Table.Td>{s?.ms === undefined ? '' : duration(s.ms)}</Table.Td>}
              <Table.Td>{next(n.id)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}
