import { Position, type NodeHandle } from '@xyflow/react';

import type { FlowEdge } from '../../canvas/flow';
import { nodeWidth, type Places } from '../../canvas/layout';
import type { NodeState } from '../../run/state';
import type { Catalog } from '../catalog';
import type { Problem } from '../model';
import type { ParsedFlow } from '../parse';
import type { AsideDoor, FrameType, NoteType } from './Asides';
import { heightOf } from './places';
import type { Door, StepType } from './StepNode';
import type { WireType } from './Wire';

export type CanvasNode = StepType | NoteType | FrameType;
const dot = 11;

/** The nodes of the canvas: steps, and behind them frames and notes. */
export function nodesOf(flow: ParsedFlow, places: Places, catalog: Catalog, problems: Map<string, Problem[]>, states: ReadonlyMap<string, NodeState> | null, pinned: ReadonlySet<string>, breaks: ReadonlySet<string>, current: string | undefined, door: Door, aside: AsideDoor): CanvasNode[] {
  const wired = new Map<string, string[]>();
  for (const e of flow.edges) {
    const known = wired.get(e.from);
    if (known) known.push(e.port || 'next');
    else wired.set(e.from, [e.port || 'next']);
  }
  const frames = flow.frames.map((f, i): FrameType => ({
    id: `frame:${i}`, type: 'frame', position: { x: f.x, y: f.y }, width: f.width, height: f.height, zIndex: -2, focusable: false,
    data: { id: `frame:${i}`, text: f.title, color: f.color, door: aside },
  }));
  const notes = flow.notes.map((n, i): NoteType => ({
    id: `note:${i}`, type: 'note', position: { x: n.x, y: n.y }, width: n.width, height: n.height, zIndex: -1, focusable: false,
    data: { id: `note:${i}`, text: n.text, color: '', door: aside },
  }));
  const steps = flow.nodes.map((n): StepType => {
    const ports = portsOf(catalog, flow, n.id);
    const main = ports.filter((p) => p.name !== 'error');
    const height = heightOf(main.length);
    return {
      id: n.id, type: 'step', position: places[n.id] ?? { x: 0, y: 0 }, width: nodeWidth, height, focusable: false, handles: handles(main.map((p) => p.name), height, ports.length > main.length),
      data: {
        id: n.id, title: n.title, type: n.type, ports, wired: wired.get(n.id)?.join(' ') ?? '', problems: problems.get(n.id), state: states?.get(n.id),
        start: flow.start === n.id, off: n.raw.disabled === true, pinned: pinned.has(n.id), stops: breaks.has(n.id), current: current === n.id, door,
      },
    };
  });
  return [...frames, ...notes, ...steps];
}

const portsKept = new WeakMap<ParsedFlow, Map<string, ReturnType<Catalog['ports']>>>();
/** Ports that are the same from one text to the next are the same list, so that their node need not be drawn again. */
const lists = new Map<string, ReturnType<Catalog['ports']>>();

function portsOf(catalog: Catalog, flow: ParsedFlow, id: string) {
  let known = portsKept.get(flow);
  if (!known) {
    const edges = new Map<string, FlowEdge[]>();
    for (const e of flow.edges) edges.set(e.from, [...(edges.get(e.from) ?? []), e]);
    known = new Map(flow.nodes.map((n) => {
      const ports = catalog.ports(n, { ...flow, edges: edges.get(n.id) ?? [] });
      const key = `${n.type} ${ports.map((p) => p.name).join(' ')} ${ports[0]?.doc ?? ''}`;
      const same = lists.get(key) ?? ports;
      lists.set(key, same);
      return [n.id, same];
    }));
    portsKept.set(flow, known);
  }
  return known.get(id) ?? [];
}

/** Where wires touch a node, told beforehand: a node out of sight is not drawn, but its wires may be. */
function handles(main: string[], height: number, error: boolean): NodeHandle[] {
  const at = (id: string, type: 'source' | 'target', position: Position, x: number, y: number): NodeHandle => ({ id, type, position, x: x - dot / 2, y: y - dot / 2, width: dot, height: dot });
  return [
    at('in', 'target', Position.Top, nodeWidth / 2, 0),
    at('data-in', 'target', Position.Left, dot / 2, height / 2 - 8),
    at('data-out', 'source', Position.Left, dot / 2, height / 2 + 8),
    ...main.map((p, i) => at(p, 'source', Position.Bottom, ((i + 0.5) / main.length) * nodeWidth, height)),
    ...(error ? [at('error', 'source', Position.Right, nodeWidth, height / 2)] : []),
  ];
}

export const wireId = (e: FlowEdge): string => `${e.from}.${e.port || 'next'}->${e.to}`;

/** The wires of the canvas. */
export function wiresOf(flow: ParsedFlow, states: ReadonlyMap<string, NodeState> | null, add: (e: FlowEdge) => void): WireType[] {
  return flow.edges
    .filter((e) => flow.byId.has(e.from) && flow.byId.has(e.to))
    .map((e) => ({
      id: wireId(e), type: 'wire', source: e.from, sourceHandle: e.port || 'next', target: e.to, targetHandle: 'in', data: { edge: e, add }, focusable: false,
      animated: states?.get(e.to)?.state === 'running',
      className: e.port === 'error' || e.port === 'catch' ? 'wire wire-error' : 'wire',
    }));
}
