import { Alert, Button, Group, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { ReactFlowProvider, useReactFlow } from '@xyflow/react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';

import { Loading } from '../parts/Notice';
import { Actions, type Where } from './canvas/actions';
import { EditCanvas } from './canvas/EditCanvas';
import { NodeSearch } from './canvas/NodeSearch';
import { Palette } from './canvas/Palette';
import { layoutAside, sketch, usePlaces } from './canvas/usePlaces';
import { CatalogContext, type Catalog } from './catalog';
import { KeysHelp } from './KeysHelp';
import { LinkDialog } from './LinkDialog';
import { ListView } from './ListView';
import { useModel, type Model } from './model';
import { BenchBar } from './panel/BenchBar';
import { NodePanel } from './panel/NodePanel';
import { useSelection } from './selection';
import { SaveBar } from './text/SaveBar';
import { useStore } from './store';
import { Toolbar, type Shown } from './Toolbar';
import { useCheck } from './useCheck';
import { useProblems, useUnsaved } from './useUnsaved';

const TextView = lazy(() => import('./text/TextView'));

interface Props {
  name: string;
  model: Model;
  catalog: Catalog;
  /** Whether the flow was never saved. */
  fresh?: boolean;
}

/** The editor of one flow: its tools, the canvas or the list, the text, and the panel of a node. */
export function Editor(props: Props) {
  return (
    <CatalogContext value={props.catalog}>
      <ReactFlowProvider>
        <Inside {...props} />
      </ReactFlowProvider>
    </CatalogContext>
  );
}

const typing = (t: EventTarget) => t instanceof HTMLElement && (t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName));

function Inside({ name, model, catalog, fresh }: Props) {
  useModel(model);
  useCheck(model, fresh ? undefined : name);
  useUnsaved(model, name);
  const flow = model.flow();
  const broken = model.broken();
  const chosen = useSelection(model);
  const opened = useStore(model.opened);
  const problems = useProblems(model.checked()?.problems);
  const rf = useReactFlow();
  const [said, say] = useState({ text: '', n: 0 });
  const actions = useMemo(() => new Actions(model, catalog, (text) => say((s) => ({ text, n: s.n + 1 }))), [model, catalog]);
  const places = usePlaces(flow, catalog);
  useEffect(() => {
    actions.stand(places ?? {});
  }, [actions, places]);

  const [shown, setShown] = useState<Shown>('canvas');
  const [split, setSplit] = useState(false);
  const [palette, setPalette] = useState(false);
  const [keys, setKeys] = useState(false);
  const [dataWires, setDataWires] = useState(flow.nodes.length <= 150);
  const [where, setWhere] = useState<Where | null>(null);
  const [from, setFrom] = useState<string | null>(null);
  const before = useRef<string | undefined>(undefined);
  const search = useCallback((w: Where) => {
    before.current = w.after?.from ?? w.onWire?.from;
    setWhere(w);
  }, []);
  const close = () => {
    setWhere(null);
    if (before.current) actions.focus(before.current);
  };
  const add = (type: string, w: Where) => {
    setWhere(null);
    const id = actions.add(type, w);
    if (id) actions.focus(id);
  };
  // What is chosen alone is what an open panel shows.
  const only = chosen.filter((id) => !id.includes(':'));
  const panel = opened === undefined ? undefined : only.length === 1 && only[0] !== undefined ? only[0] : opened;
  const node = panel === undefined ? undefined : flow.byId.get(panel);

  const layOut = () => {
    const done = (p: typeof places) => {
      if (!p) return;
      actions.laidOut(p);
      requestAnimationFrame(() => void rf.fitView({ maxZoom: 1, padding: 0.12 }));
    };
    layoutAside(sketch(flow, catalog), done);
  };
  const onKeys = (e: KeyboardEvent) => {
    const mod = e.ctrlKey || e.metaKey;
    const key = e.key.toLowerCase();
    if (mod && (key === 'z' || key === 'y') && !typing(e.target)) {
      e.preventDefault();
      if (key === 'y' || e.shiftKey) {
        if (model.canRedo()) say((s) => ({ text: `Done again: ${model.redoTitle()}.`, n: s.n + 1 }));
        model.redo();
      } else {
        if (model.canUndo()) say((s) => ({ text: `Undone: ${model.undoTitle()}.`, n: s.n + 1 }));
        model.undo();
      }
    } else if (e.key === '?' && !mod && !typing(e.target)) {
      e.preventDefault();
      setKeys(true);
    }
  };

  const title = where?.onWire ? `Add between ${actions.title(where.onWire.from)} and ${actions.title(where.onWire.to)}` : where?.after ? `Add after ${actions.title(where.after.from)}` : 'Add a node';
  const empty = flow.nodes.length === 0 && !broken;
  return (
    <div className="edit-page" onKeyDown={onKeys}>
      <div className="edit-bar">
        <div className="edit-name">
          <Title order={1} size="h4">{fresh ? name : <Link to="/flows/$name" params={{ name }} className="rows-link">{name}</Link>}</Title>
        </div>
        <SaveBar model={model} name={fresh ? undefined : name} />
      </div>
      <Toolbar
        undo={model.canUndo() ? model.undoTitle() : undefined}
        redo={model.canRedo() ? model.redoTitle() : undefined}
        chosen={chosen.length}
        nodes={flow.nodes.length}
        shown={shown}
        split={split}
        palette={palette}
        dataWires={dataWires}
        on={{
          undo: model.undo,
          redo: model.redo,
          add: () => search(only.length === 1 && only[0] ? { after: { from: only[0], port: catalog.onward(flow.byId.get(only[0])?.type ?? '') } } : {}),
          remove: () => actions.remove(chosen),
          duplicate: () => actions.duplicate(),
          align: (s) => actions.align(s),
          layout: layOut,
          note: () => actions.note(rf.screenToFlowPosition({ x: window.innerWidth / 2, y: window.innerHeight / 3 })),
          frame: () => actions.frame(),
          keys: () => setKeys(true),
          stop: () => only[0] && actions.toggleBreak(only[0]),
          show: setShown,
          split: () => setSplit(!split),
          palette: () => setPalette(!palette),
          dataWires: () => setDataWires(!dataWires),
        }}
      />
      <BenchBar model={model} />
      <div className="edit-main">
        {palette && <Palette onPick={(type) => add(type, only.length === 1 && only[0] ? { after: { from: only[0], port: catalog.onward(flow.byId.get(only[0])?.type ?? '') } } : {})} onClose={() => setPalette(false)} />}
        {shown !== 'text' && (
          <div className="edit-stage">
            {broken && (
              <Alert className="edit-broken" color="orange" icon={<IconAlertTriangle aria-hidden />} title="The text cannot be read. This is the flow as it was before.">
                <Text size="sm">{broken}</Text>
              </Alert>
            )}
            {shown === 'list' ? <ListView model={model} actions={actions} problems={problems} search={search} link={setFrom} /> : places ? <EditCanvas model={model} actions={actions} places={places} problems={problems} search={search} link={setFrom} dataWires={dataWires} /> : <Loading />}
            {empty && shown === 'canvas' && (
              <div className="edit-empty">
                <Stack align="center" gap="xs">
                  <Text fw={600}>The flow has no nodes yet</Text>
                  <Text size="sm" c="dimmed" ta="center" maw={360}>Add the first one, or paste nodes that were copied elsewhere.</Text>
                  <Group>
                    <Button onClick={() => search({})}>Add the first node</Button>
                  </Group>
                </Stack>
              </div>
            )}
          </div>
        )}
        {(shown === 'text' || split) && (
          <div className="edit-text">
            <Suspense fallback={<Loading />}><TextView model={model} label={`Text of ${name}`} /></Suspense>
          </div>
        )}
      </div>
      {node && <section className="edit-panel" aria-label={`Node ${node.title}`}><NodePanel model={model} node={node.id} onClose={() => {
        model.opened.set(undefined);
        actions.focus(node.id);
      }} /></section>}
      <NodeSearch opened={where !== null} title={title} onPick={(type) => where && add(type, where)} onClose={close} />
      <LinkDialog from={from} actions={actions} onClose={() => setFrom(null)} />
      <KeysHelp opened={keys} onClose={() => setKeys(false)} />
      <VisuallyHidden role="log" aria-live="polite" aria-label="What was done">{said.text}{said.n % 2 ? '\u00a0' : ''}</VisuallyHidden>
    </div>
  );
}
