import '@xyflow/react/dist/base.css';
import './canvas.css';

import { useComputedColorScheme } from '@mantine/core';
import { Background, Controls, MiniMap, ReactFlow, useReactFlow, type Connection, type Edge, type FinalConnectionState, type NodeChange } from '@xyflow/react';
import { useCallback, useEffect, useMemo, useRef, useState, type ClipboardEvent, type DragEvent, type KeyboardEvent, type MouseEvent } from 'react';

import type { FlowEdge } from '../../canvas/flow';
import { nodeWidth, type Places } from '../../canvas/layout';
import { useCatalog } from '../catalog';
import { useModel, type Model, type Problem } from '../model';
import { useSelection } from '../selection';
import { useStore } from '../store';
import { setFrame, setNote } from '../view';
import type { Actions, Where } from './actions';
import { FrameNode, NoteNode, type AsideDoor } from './Asides';
import { nodesOf, wireId, wiresOf, type CanvasNode } from './build';
import { dragged } from './drag';
import { height, neighbour, type Way } from './places';
import { StepNode, type Door } from './StepNode';
import { DataWire, Wire } from './Wire';

interface Props {
  model: Model;
  actions: Actions;
  places: Places;
  problems: Map<string, Problem[]>;
  /** Opens the search for a node that is added somewhere. */
  search: (where: Where) => void;
  /** Opens the choice of what a node leads to. */
  link: (from: string) => void;
  dataWires: boolean;
}

const nodeTypes = { step: StepNode, note: NoteNode, frame: FrameNode };
const edgeTypes = { wire: Wire, data: DataWire };
const ways: Record<string, Way> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };
const typing = (t: EventTarget) => t instanceof HTMLElement && (t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName));

/** The canvas on which a flow is built. What it shows is derived from the flow's text, and what is done here is an edit of it. */
export function EditCanvas({ model, actions, places, problems, search, link, dataWires }: Props) {
  const scheme = useComputedColorScheme('light');
  const catalog = useCatalog();
  const flow = useModel(model).flow();
  const chosen = useSelection(model);
  const states = useStore(model.painted);
  const pinned = useStore(model.pinned);
  const breaks = useStore(model.breaks);
  const rf = useReactFlow();
  const box = useRef<HTMLDivElement>(null);
  const [moving, setMoving] = useState<Places>({});
  const [wires, setWires] = useState<readonly string[]>([]);
  const current = chosen.findLast((id) => flow.byId.has(id)) ?? flow.start;

  const door = useMemo((): Door => ({
    add: (from, port) => search({ after: { from, port } }),
    fix: (p) => p.fix && model.apply(p.fix.title, p.fix.edits ?? []),
  }), [model, search]);
  const aside = useMemo((): AsideDoor => ({
    text: (id, text) => {
      const i = Number(id.split(':')[1]);
      if (id.startsWith('note:')) model.apply('Write a note', setNote(model.text(), i, { text }));
      else model.apply('Name a group', setFrame(model.text(), i, { title: text }));
    },
    size: (id, b) => {
      const i = Number(id.split(':')[1]);
      const part = { x: b.x, y: b.y, width: b.width, height: b.height };
      model.apply('Resize', id.startsWith('note:') ? setNote(model.text(), i, part) : setFrame(model.text(), i, part));
    },
  }), [model]);
  const insert = useCallback((e: FlowEdge) => search({ onWire: e }), [search]);

  const base = useMemo(() => nodesOf(flow, places, catalog, problems, states, pinned, breaks, current, door, aside), [flow, places, catalog, problems, states, pinned, breaks, current, door, aside]);
  const nodes = useMemo(() => {
    const sel = new Set(chosen);
    return base.map((n): CanvasNode => {
      const at = moving[n.id];
      return at ? { ...n, selected: sel.has(n.id), position: at } : sel.has(n.id) ? { ...n, selected: true } : n;
    });
  }, [base, chosen, moving]);
  const control = useMemo(() => wiresOf(flow, states, insert), [flow, states, insert]);
  const edges = useMemo((): Edge[] => {
    const sel = new Set(wires);
    const near = new Set(chosen);
    const shown = flow.data.filter((d) => dataWires || near.has(d.from) || near.has(d.to));
    return [
      ...shown.map((d): Edge => ({ id: `data ${d.from} ${d.to}`, type: 'data', source: d.from, sourceHandle: 'data-out', target: d.to, targetHandle: 'data-in', selectable: false, focusable: false, className: near.has(d.from) || near.has(d.to) ? 'data-near' : undefined })),
      ...control.map((e) => (sel.has(e.id) ? { ...e, selected: true } : e)),
    ];
  }, [control, flow, wires, chosen, dataWires]);
  const byWire = useMemo(() => new Map(flow.edges.map((e) => [wireId(e), e])), [flow]);

  /** Moves the canvas so that a node can be seen, if it cannot. */
  const show = useCallback((id: string) => {
    const at = actions.places[id];
    const room = box.current?.getBoundingClientRect();
    if (at && room) {
      const { x, y, zoom } = rf.getViewport();
      const [left, top] = [at.x * zoom + x, at.y * zoom + y];
      if (zoom < 0.35 || left < 8 || top < 8 || left + nodeWidth * zoom > room.width - 8 || top + height * zoom > room.height - 8) {
        void rf.setCenter(at.x + nodeWidth / 2, at.y + height / 2, { zoom: Math.min(1.2, Math.max(zoom, 0.7)) });
      }
    }
  }, [actions, rf]);
  /** Gives a node the focus, as soon as it is drawn. */
  const focus = useCallback((id: string, moves = true) => {
    if (moves) show(id);
    let tries = 0;
    const look = () => {
      const el = box.current?.querySelector<HTMLElement>(`[data-step="${CSS.escape(id)}"]`);
      if (el) el.focus({ preventScroll: true });
      else if (tries++ < 60) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, [show]);
  useEffect(() => actions.onFocus(focus), [actions, focus]);
  // The panel takes room from the canvas: its node is to be seen beside it.
  const opened = useStore(model.opened);
  useEffect(() => {
    if (opened === undefined) return;
    const room = box.current;
    if (!room) return;
    const sizes = new ResizeObserver(() => show(opened));
    sizes.observe(room);
    return () => sizes.disconnect();
  }, [opened, show]);

  /** Shows the whole flow where that can be read, else where a run begins. */
  const begin = useCallback(() => {
    const { places } = actions;
    const room = box.current?.getBoundingClientRect();
    const all = Object.values(places);
    if (!room || !all.length) return;
    const [left, top] = [Math.min(...all.map((p) => p.x)), Math.min(...all.map((p) => p.y))];
    const [wide, high] = [Math.max(...all.map((p) => p.x)) + nodeWidth - left, Math.max(...all.map((p) => p.y)) + height + 40 - top];
    const zoom = Math.min(1, (room.width * 0.88) / wide, (room.height * 0.88) / high);
    const first = places[model.flow().start];
    if (zoom >= 0.5 || !first) void rf.setViewport({ x: room.width / 2 - (left + wide / 2) * zoom, y: room.height / 2 - (top + high / 2) * zoom, zoom });
    else void rf.setViewport({ x: room.width / 2 - (first.x + nodeWidth / 2) * 0.8, y: 48 - first.y * 0.8, zoom: 0.8 });
  }, [actions, model, rf]);
  const some = flow.nodes.length > 0;
  useEffect(() => {
    // The places are told after all parts of the page were drawn.
    const later = some ? requestAnimationFrame(begin) : undefined;
    return () => void (later !== undefined && cancelAnimationFrame(later));
  }, [some, begin]);

  const changes = (all: NodeChange<CanvasNode>[]) => {
    const picks = all.filter((c) => c.type === 'select');
    if (picks.length) {
      const now = new Set(model.selection.ids());
      for (const c of picks) {
        if (c.selected) now.add(c.id);
        else now.delete(c.id);
      }
      model.selection.set([...now]);
    }
    const moves = all.flatMap((c) => (c.type === 'position' && c.position && c.dragging ? [{ id: c.id, at: c.position }] : []));
    if (moves.length) setMoving((old) => ({ ...old, ...dragged(flow, places, moves) }));
  };

  /** A node or what comes from the palette may be let go over a wire. */
  const wireAt = (x: number, y: number): FlowEdge | undefined => {
    for (const el of document.elementsFromPoint(x, y)) {
      const id = el.closest('.react-flow__edge')?.getAttribute('data-id');
      const e = id ? byWire.get(id) : undefined;
      if (e) return e;
    }
    return undefined;
  };

  const dropped = (e: globalThis.MouseEvent | globalThis.TouchEvent | MouseEvent) => {
    const moved = moving;
    setMoving({});
    const ids = Object.keys(moved);
    const [only] = ids;
    const at = 'clientX' in e ? { x: e.clientX, y: e.clientY } : { x: e.changedTouches[0]?.clientX ?? 0, y: e.changedTouches[0]?.clientY ?? 0 };
    const place = only ? moved[only] : undefined;
    if (ids.length === 1 && only && place && flow.byId.has(only) && !flow.edges.some((w) => w.from === only || w.to === only)) {
      const wire = wireAt(at.x, at.y);
      if (wire) return actions.putInto(only, wire, place);
    }
    const frames: Record<number, { x: number; y: number }> = {};
    const steps: Places = {};
    const notes: [number, { x: number; y: number }][] = [];
    for (const [id, p] of Object.entries(moved)) {
      if (id.startsWith('frame:')) frames[Number(id.slice(6))] = p;
      else if (id.startsWith('note:')) notes.push([Number(id.slice(5)), p]);
      else steps[id] = p;
    }
    actions.move(steps, frames, 'Move', notes);
  };

  const connected = (c: Connection) => actions.connect({ from: c.source, port: c.sourceHandle ?? 'next', to: c.target });
  const ended = (e: globalThis.MouseEvent | TouchEvent, state: FinalConnectionState) => {
    const from = state.fromNode?.id;
    if (state.isValid || !from || state.fromHandle?.type !== 'source') return;
    const at = 'clientX' in e ? { x: e.clientX, y: e.clientY } : { x: e.changedTouches[0]?.clientX ?? 0, y: e.changedTouches[0]?.clientY ?? 0 };
    const port = state.fromHandle.id ?? 'next';
    const over = document.elementsFromPoint(at.x, at.y).map((el) => el.closest('.react-flow__node-step')?.getAttribute('data-id')).find(Boolean);
    if (over === from) return;
    if (over) return actions.connect({ from, port, to: over });
    const p = rf.screenToFlowPosition(at);
    search({ after: { from, port }, at: { x: p.x - nodeWidth / 2, y: p.y } });
  };

  const put = (e: DragEvent) => {
    const type = e.dataTransfer.getData('application/x-aether-node');
    if (!type) return;
    e.preventDefault();
    const p = rf.screenToFlowPosition({ x: e.clientX, y: e.clientY });
    const wire = wireAt(e.clientX, e.clientY);
    const id = actions.add(type, wire ? { onWire: wire } : { at: { x: p.x - nodeWidth / 2, y: p.y - height / 2 } });
    if (id) focus(id);
  };

  const keys = (e: KeyboardEvent) => {
    if (typing(e.target)) return;
    const on = e.target instanceof HTMLElement ? e.target.dataset.step : undefined;
    const mod = e.ctrlKey || e.metaKey;
    const done = () => {
      e.preventDefault();
      e.stopPropagation();
    };
    if (e.key === 'Tab' && !e.shiftKey && !mod && (on || (e.target === box.current && !flow.nodes.length))) {
      done();
      search(on ? { after: { from: on, port: catalog.onward(flow.byId.get(on)?.type ?? '') } } : {});
    } else if (ways[e.key] && !mod && !e.altKey) {
      const way = ways[e.key] as Way;
      const next = on ? neighbour(flow, places, on, way) : current;
      if (!next) return;
      done();
      model.selection.set(e.shiftKey ? [...model.selection.ids().filter((x) => x !== next), next] : [next]);
      setWires([]);
      focus(next);
    } else if ((e.key === 'Enter' || e.key === ' ') && on) {
      done();
      model.selection.set([on]);
      if (e.key === 'Enter') model.opened.set(on);
    } else if (e.key === 'Delete' || e.key === 'Backspace') {
      done();
      const gone = wires.flatMap((w) => byWire.get(w) ?? []);
      const before = model.selection.ids();
      actions.remove(before.length ? before : gone.length || !on ? [] : [on], gone);
      setWires([]);
      const left = model.selection.ids()[0] ?? model.flow().start;
      if (left) focus(left);
      else box.current?.focus();
    } else if (mod && e.key.toLowerCase() === 'd') {
      done();
      actions.duplicate();
    } else if (mod && e.key.toLowerCase() === 'a') {
      done();
      model.selection.set(flow.nodes.map((n) => n.id));
    } else if (e.key === 'Escape') {
      done();
      if (model.selection.ids().length > 1) model.selection.set(on ? [on] : []);
      else document.querySelector<HTMLElement>('#edit-tools button:not(:disabled)')?.focus();
    } else if (!mod && e.key === 'c' && on) {
      done();
      link(on);
    } else if (!mod && e.key === 'd' && on) {
      done();
      actions.toggle(model.selection.nodes().length ? model.selection.nodes() : [on]);
    } else if (((!mod && e.key === 'b') || e.key === 'F9') && on) {
      done();
      actions.toggleBreak(on);
    } else if (!mod && e.key === 'p' && on) {
      done();
      box.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(on)}"] .step-mark`)?.focus();
    } else if (!mod && e.key === 'n') {
      done();
      const room = box.current?.getBoundingClientRect();
      if (room) actions.note(rf.screenToFlowPosition({ x: room.x + room.width / 2, y: room.y + room.height / 3 }));
    } else if (!mod && e.key === 'g') {
      done();
      actions.frame();
    } else if (e.key === 'F2' && on) {
      done();
      model.opened.set(on);
    } else if (!mod && e.key === '1') {
      done();
      void rf.fitView({ maxZoom: 1, padding: 0.12 });
    }
  };

  const copy = (e: ClipboardEvent, cut: boolean) => {
    if (typing(e.target)) return;
    const text = actions.copied();
    if (!text) return;
    e.preventDefault();
    e.clipboardData.setData('text/plain', text);
    if (cut) actions.remove(model.selection.nodes());
  };
  const paste = (e: ClipboardEvent) => {
    if (typing(e.target)) return;
    e.preventDefault();
    if (actions.paste(e.clipboardData.getData('text/plain'))) {
      const first = model.selection.nodes()[0];
      if (first) focus(first);
    }
  };

  return (
    <div
      ref={box}
      className="canvas edit-canvas"
      role="group"
      aria-label={`Canvas of ${flow.name || 'the flow'}`}
      aria-describedby="edit-canvas-keys"
      tabIndex={flow.nodes.length ? -1 : 0}
      onKeyDown={keys}
      onCopy={(e) => copy(e, false)}
      onCut={(e) => copy(e, true)}
      onPaste={paste}
      onDragOver={(e) => e.preventDefault()}
      onDrop={put}
      onDoubleClick={(e) => {
        if (!(e.target instanceof Element) || !e.target.classList.contains('react-flow__pane')) return;
        const p = rf.screenToFlowPosition({ x: e.clientX, y: e.clientY });
        search({ at: { x: p.x - nodeWidth / 2, y: p.y - height / 2 } });
      }}
    >
      <span id="edit-canvas-keys" hidden>Arrow keys walk along the wires, Enter opens a node, Tab adds one behind it, Escape leaves, ? tells all keys. The list holds the same.</span>
      <ReactFlow<CanvasNode>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        colorMode={scheme}
        minZoom={0.05}
        maxZoom={2}
        onlyRenderVisibleElements={flow.nodes.length > 120}
        disableKeyboardA11y
        deleteKeyCode={null}
        multiSelectionKeyCode={['Shift', 'Control', 'Meta']}
        zoomOnDoubleClick={false}
        edgesFocusable={false}
        nodesFocusable={false}
        onNodesChange={changes}
        onEdgesChange={(all) => {
          const picks = all.filter((c) => c.type === 'select');
          if (picks.length) setWires((old) => [...old.filter((id) => !picks.some((c) => c.id === id)), ...picks.filter((c) => c.selected).map((c) => c.id)]);
        }}
        onNodeDragStop={dropped}
        onSelectionDragStop={dropped}
        onNodeClick={(_, n) => n.type === 'step' && focus(n.id, false)}
        onNodeDoubleClick={(_, n) => n.type === 'step' && model.opened.set(n.id)}
        onPaneClick={() => box.current?.focus({ preventScroll: true })}
        onEdgeClick={() => box.current?.focus({ preventScroll: true })}
        onConnect={connected}
        onConnectEnd={ended}
        isValidConnection={(c) => c.source !== c.target && c.targetHandle === 'in'}
        connectionRadius={28}
      >
        <Background gap={22} size={1.4} />
        <Controls showInteractive={false} fitViewOptions={{ maxZoom: 1, padding: 0.12 }} />
        {flow.nodes.length > 6 && <MiniMap<CanvasNode> pannable zoomable ariaLabel="Map of the flow" style={{ width: 150, height: 104 }} nodeColor={(n) => (n.type === 'step' ? (n.data.problems?.length ? 'var(--mantine-color-red-5)' : 'var(--mantine-color-gray-5)') : 'var(--dots)')} />}
      </ReactFlow>
    </div>
  );
}
