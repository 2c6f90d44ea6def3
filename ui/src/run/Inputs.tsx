import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { api, must, type Run } from '../api/client';
import type { FlowDoc, FlowNode } from '../canvas/flow';
import { Json } from '../parts/Json';
import { Loading, Wrong } from '../parts/Notice';
import type { Book, Execution } from './book';
import { readFrom, reads } from './reads';

interface Props {
  run: Run;
  doc: FlowDoc;
  node: FlowNode;
  x?: Execution;
  book: Book;
  onSelect: (x: Execution) => void;
}

/** What an execution read: the inputs of the run and the outputs of other nodes that its parameters name, as they were. */
export function Inputs({ run, doc, node, x, book, onSelect }: Props) {
  const used = reads(node.params);
  const given = (run.input ?? {}) as Record<string, unknown>;
  if (!x) return <Text size="sm" c="dimmed">It has not run.</Text>;
  if (x.node !== node.id) return <Text size="sm" c="dimmed">This execution is in a flow that the node calls.</Text>;
  return (
    <Stack gap="sm">
      {used.inputs.length + used.nodes.length === 0 && <Text size="sm" c="dimmed">Its parameters read neither inputs of the run nor outputs of other nodes. They are under Parameters as they stand in the flow.</Text>}
      {used.inputs.map((name) => (
        <div key={name}>
          <Text size="xs" className="mono" mb={4}>inputs.{name}</Text>
          <Json value={given[name] ?? null} label={`Input ${name}`} />
        </div>
      ))}
      {used.nodes.map((id) => {
        const from = readFrom(book, id, x);
        const title = doc.nodes.find((n) => n.id === id)?.title ?? id;
        return (
          <div key={id}>
            <Text size="xs" mb={4} component="div">
              <span className="mono">nodes.{id}</span>
              {from && <> as of <button type="button" className="as-link mono" onClick={() => onSelect(from)}>{from.key}</button></>}
            </Text>
            {from ? <Value run={run.id} x={from} /> : <Text size="sm" c="dimmed">{title} left no record: it only computes.</Text>}
          </div>
        );
      })}
    </Stack>
  );
}

function Value({ run, x }: { run: string; x: Execution }) {
  const step = useQuery({
    queryKey: ['step', run, x.key, x.end],
    staleTime: 60_000,
    queryFn: () => must(api.GET('/api/v1/runs/{id}/steps', { params: { path: { id: run }, query: { path: x.path, limit: 100 } } })),
  });
  if (step.error) return <Wrong error={step.error} again={() => void step.refetch()} />;
  if (step.isPending) return <Loading />;
  return <Json value={step.data.items?.find((s) => s.path === x.key)?.output ?? null} label={`Output of ${x.key}`} />;
}
