import '@xyflow/react/dist/base.css';

import { Background, Controls, Handle, MiniMap, Position, ReactFlow, type Edge, type Node, type NodeProps } from '@xyflow/react';
import { useComputedColorScheme, VisuallyHidden } from '@mantine/core';
import { memo, useMemo } from 'react';

import { Loading } from '../parts/Notice';
import { duration } from '../parts/time';
import type { NodeState } from '../run/state';
import type { FlowDoc, FlowEdge } from './flow';
import { useLayout } from './useLayout';

interface Props {
  doc: FlowDoc;
  /** The states of nodes in a run; without them the flow is shown as it is. */
  states?: Map<string, NodeState>;
  /** How nodes and wires (as they are written) differ from another version. */
  marks?: Map<string, string>;
  wires?: Map<string, string>;
  /** Nodes with a breakpoint. */
  breaks?: ReadonlySet<string>;
  selected?: string;
  onSelect: (node: string) => void;
}

type BoxNode = Node<{ id: string; title: string; type: string; state?: NodeState; mark?: string; stops: boolean; chosen: boolean; select: (id: string) => void }, 'box'>;

const words: Record<NodeState['state'], string> = {
  idle: '',
  running: 'at work',
  waiting: 'waits',
  retrying: 'tries again',
  paused: 'paused before it',
  done: 'done',
  failed: 'failed',
  passed: 'passed',
  cancelled: 'not ended',
};

const Box = memo(function Box({ data }: NodeProps<BoxNode>) {
  const s = data.state;
  return (
    <>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <button
        type="button"
        className="node nodrag"
        data-state={s?.state}
        data-mark={data.mark}
        data-selected={data.chosen || undefined}
        aria-pressed={data.chosen}
        onClick={() => data.select(data.id)}
      >
        {data.stops && <span className="break-dot" title="Breakpoint"><VisuallyHidden>Breakpoint. </VisuallyHidden></span>}
        <div className="node-title" title={data.title}>{data.title}</div>
        <div className="node-type" title={data.type}>{data.type}</div>
        <div className="node-state">
          {s ? <span>{words[s.state]}</span> : data.mark ? <span>{data.mark}</span> : <span>{data.title === data.id ? '\u00a0' : data.id}</span>}
          {s && s.count > 1 && <span>{s.count}×</span>}
          {s?.ms !== undefined && <span>{duration(s.ms)}</span>}
          {s?.note ? <span className="node-note">{s.note}</span> : !!s?.failed && s.state !== 'failed' && <span>{s.failed} failed</span>}
        </div>
      </button>
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </>
  );
});

const types = { box: Box };
const plain = new Set(['', 'next', 'body', 'then', 'done', 'try', 'branch']);

/** A flow as a graph, on which a run may be painted. Each node is a button, so that it can be reached by the keyboard. */
export function Canvas({ doc, states, marks, wires, breaks, selected, onSelect }: Props) {
  const scheme = useComputedColorScheme('light');
  const places = useLayout(doc);
  const nodes = useMemo(
    (): BoxNode[] =>
      places
        ? doc.nodes.map((n) => ({
            id: n.id,
            type: 'box',
            position: places[n.id] ?? { x: 0, y: 0 },
            width: 208,
            height: 66,
            focusable: false,
            style: { pointerEvents: 'all' },
            data: { id: n.id, title: n.title, type: n.type, state: states?.get(n.id), mark: marks?.get(n.id), stops: !!breaks?.has(n.id), chosen: n.id === selected, select: onSelect },
          }))
        : [],
    [doc, places, states, marks, breaks, selected, onSelect],
  );
  const edges = useMemo(
    (): Edge[] =>
      doc.edges.map((e) => ({
        id: `${e.from}.${e.port}->${e.to}`,
        source: e.from,
        target: e.to,
        label: plain.has(e.port) && e.port !== 'body' && e.port !== 'done' ? undefined : e.port,
        animated: states?.get(e.to)?.state === 'running',
        style: wireStyle(e, wires),
        focusable: false,
      })),
    [doc, states, wires],
  );
  if (!places) return <Loading />;
  return (
    <div className="canvas" role="group" aria-label={`The nodes of ${doc.name}`}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        colorMode={scheme}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.12 }}
        minZoom={0.05}
        nodesDraggable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        edgesFocusable={false}
        nodesFocusable={false}
        onlyRenderVisibleElements={doc.nodes.length > 200}
      >
        <Background gap={22} size={1.4} />
        <Controls showInteractive={false} />
        {doc.nodes.length > 12 && <MiniMap pannable zoomable ariaLabel="Map of the flow" nodeColor={(n) => colorOf((n as BoxNode).data.state?.state)} />}
      </ReactFlow>
    </div>
  );
}

function wireStyle(e: FlowEdge, wires?: Map<string, string>) {
  const mark = wires?.get(e.port && e.port !== 'next' ? `${e.from}.${e.port} -> ${e.to}` : `${e.from} -> ${e.to}`);
  if (mark === 'added') return { stroke: 'var(--mantine-color-green-6)', strokeWidth: 2 };
  if (mark === 'removed') return { stroke: 'var(--mantine-color-red-6)', strokeDasharray: '5 4' };
  return e.port === 'error' || e.port === 'catch' ? { stroke: 'var(--mantine-color-red-6)' } : undefined;
}

function colorOf(state?: NodeState['state']): string {
  switch (state) {
    case 'running':
      return 'var(--mantine-color-blue-5)';
    case 'done':
    case 'passed':
      return 'var(--mantine-color-green-5)';
    case 'failed':
      return 'var(--mantine-color-red-5)';
    case 'waiting':
    case 'retrying':
    case 'paused':
      return 'var(--mantine-color-orange-5)';
    default:
      return 'var(--mantine-color-gray-5)';
  }
}
