import './panel.css';
import '../../forms/forms.css';

import { Alert, Badge, CloseButton, Tabs, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useMemo, useState } from 'react';

import { api, must, Problem } from '../../api/client';
import type { FlowNode } from '../../canvas/flow';
import { FormContext, type FormEnv, type Taker } from '../../forms/env';
import { Fields } from '../../forms/Fields';
import { AnyValue } from '../../forms/Widget';
import { TextField } from '../../forms/Text';
import { isRecord, put, writeAt, type Field, type Path } from '../../forms/values';
import { Wrong } from '../../parts/Notice';
import { nodesQuery, useCatalog, useNodeTypes } from '../catalog';
import { useModel, type Model } from '../model';
import { useMay } from '../../parts/may';
import { chain } from '../edits';
import { addNode, idProblem, renameNode, setNode, setParam, setTitle } from '../ops';
import { useBench, type Mode } from './bench';
import { InputColumn, type RunChoice } from './InputColumn';
import { OutputColumn } from './OutputColumn';
import { Policies } from './Policies';
import { addressBefore } from './pick';
import { placesOf } from './Tree';
import { TryButtons } from './TryBar';
import { useEvaluated } from './useEvaluated';
import { useTry } from './useTry';

const PickDialog = lazy(() => import('./PickDialog').then((m) => ({ default: m.PickDialog })));

/** Sets up a node: what it is given, its parameters, what it gives; and tries it on recorded data. */
export function NodePanel({ model, node, onClose }: { model: Model; node: string; onClose: () => void }) {
  useModel(model);
  const known = model.flow().byId.get(node);
  return <div className="panel">{known && <Panel key={node} model={model} node={known} onClose={onClose} />}</div>;
}

/** What is mostly referred to comes first. */
const order = (root: string) => ['nodes', 'loop', 'inputs', 'vars', 'loops', 'error', 'run', 'flow'].indexOf(root);

const ended = ['done', 'failed', 'cancelled'];

function Panel({ model, node, onClose }: { model: Model; node: FlowNode; onClose: () => void }) {
  const bench = useBench(model);
  const flow = model.flow();
  const given = useCatalog();
  const asked = useNodeTypes();
  const catalog = given.nodes.length ? given : (asked.catalog ?? given);
  const keys = useQuery(nodesQuery).data?.keys;
  const type = catalog.of(node.type);
  const [drafts, setDrafts] = useState<{ path: Path; value: unknown }[]>([]);
  const [taker, setTaker] = useState<Taker | null>(null);
  const [wrong, setWrong] = useState('');

  const runs = useQuery({
    queryKey: ['runs', 'bench', flow.name],
    queryFn: () => must(api.GET('/api/v1/runs', { params: { query: { flow: flow.name, development: 'all', limit: 20 } } })),
    enabled: flow.name !== '',
    refetchInterval: 20_000,
  });
  const choices = ((runs.data?.items ?? []) as RunChoice[]).filter((r) => ended.includes(r.status));
  if (bench.run && !choices.some((r) => r.id === bench.run)) choices.unshift({ id: bench.run, status: 'ended', created: new Date(0).toISOString() });
  const run = bench.run ?? choices[0]?.id ?? '';
  const at = bench.at.get(node.id) ?? '';
  const secrets = useQuery({ queryKey: ['secrets', 'names'], queryFn: () => must(api.GET('/api/v1/secrets')), staleTime: 60_000, retry: false });

  const params = useMemo(() => drafts.reduce<unknown>((v, d) => put(v, d.path, d.value), node.params) as Record<string, unknown>, [drafts, node.params]);
  const broken = model.broken();
  const evaluated = useEvaluated({ text: flow.text, node: node.id, run, at, params, pins: bench.pins }, flow.text !== '' && !broken && !runs.isPending);
  const data = evaluated.data;
  const refs = useMemo(() => (data ? [...(data.scope.fields ?? [])].sort((a, b) => order(a.name) - order(b.name)).flatMap((f) => (f.name === 'nodes' ? (f.value.fields ?? []).flatMap((n) => placesOf(n.value, ['nodes', n.name])) : placesOf(f.value, [f.name]))) : []), [data]);

  const set = useCallback(
    (path: Path, value: unknown) => {
      const now = model.flow().byId.get(node.id);
      if (!now || model.broken()) return;
      const to = writeAt({ p: now.params }, ['p', ...path], value);
      model.apply(`Set ${String(path[0])} of ${now.title}`, setParam(model.text(), node.id, to.path.slice(1), to.value));
    },
    [model, node.id],
  );
  const setPolicy = useCallback(
    (path: Path, value: unknown) => {
      const now = model.flow().byId.get(node.id);
      if (!now || model.broken()) return;
      const to = writeAt({ p: now.raw }, ['p', ...path], value);
      model.apply(`Set ${String(path[0])} of ${now.title}`, setNode(model.text(), node.id, to.path.slice(1), to.value));
    },
    [model, node.id],
  );
  const draft = useCallback((path: Path, value: unknown, on: boolean) => {
    const key = JSON.stringify(path);
    setDrafts((all) => {
      const rest = all.filter((d) => JSON.stringify(d.path) !== key);
      return on ? [...rest, { path, value }] : rest.length === all.length ? all : rest;
    });
  }, []);
  const [picking, setPicking] = useState<Path | null>(null);
  const may = useMay();
  // A list is read by this node if it is one that does, else by one after it.
  const list = (type: string, got: Record<string, unknown>) => {
    setPicking(null);
    if (model.broken()) return;
    if (node.type === type) {
      model.apply(`Set the list of ${node.title}`, chain(model.text(), ...Object.entries(got).map(([k, v]) => (t: string) => setParam(t, node.id, [k], v))));
      return;
    }
    const session = node.params.session === undefined ? {} : { session: node.params.session };
    model.apply(`Add ${type} after ${node.title}`, addNode(model.text(), { type, params: { ...session, ...got }, after: { from: node.id, port: 'next' } }));
  };
  const answers = evaluated.answers;
  const env: FormEnv = {
    live: (text, param) => (param !== undefined && !evaluated.isPlaceholderData ? data?.params[param] : answers.get(text)),
    refs,
    secrets: (secrets.data?.items ?? []).map((s) => s.name),
    draft,
    drafted: (path) => drafts.find((d) => JSON.stringify(d.path) === JSON.stringify(path))?.value,
    takes: setTaker,
    pick: may('flows.write') && type && node.type.startsWith('web.') ? setPicking : undefined,
  };
  const trying = useTry(model, bench);
  const start = (mode: Mode) => {
    setWrong('');
    trying.mutate({ mode, node: node.id, run, at });
  };
  const busy = trying.isPending || (!!bench.trying && !bench.trying.ended);
  const fields = (type?.input ?? []) as Field[];
  const unknown = Object.keys(node.params).filter((k) => type && !fields.some((f) => f.name === k));
  const fetchOutput = async () => {
    const list = await must(api.GET('/api/v1/runs/{id}/steps', { params: { path: { id: run }, query: { node: node.id, limit: 1000 } } }));
    const found = (list.items ?? []).findLast((s) => s.path.replace(/#\d+$/, '') === data?.path && !s.failure);
    if (!found || !isRecord(found.output)) throw new Error('This output is not recorded, so it cannot be taken over whole: write test data instead.');
    if (JSON.stringify(found.output).includes('"$ref":')) throw new Error('Part of this output is large and kept as a file, so it cannot be pinned as it is: write test data instead.');
    return found.output;
  };
  const problem = evaluated.error instanceof Problem ? evaluated.error : null;
  const columns = {
    input: <InputColumn flow={flow} data={data} refs={refs} taker={taker} runs={choices} run={run} onRun={(r) => bench.choose(r)} at={at} onAt={(a) => bench.look(node.id, a)} />,
    output: <OutputColumn node={node} fields={(type?.output ?? []) as Field[]} data={data} bench={bench} pins={!!type && (type.effect !== 'steers' || node.type === 'flow.call')} fetchOutput={fetchOutput} />,
  };
  return (
    <FormContext value={env}>
      <header className="panel-head">
        <div className="panel-title">
          <Title order={2} size="h5" className="clip">{node.title}</Title>
          <Text size="xs" c="dimmed" className="clip">
            <span className="mono">{node.type}</span>
            {type && type.title !== node.title && <> · {type.title}</>}
          </Text>
        </div>
        {bench.pins[node.id] && <Badge color="violet" variant="light" tt="none">pinned</Badge>}
        <TryButtons onTry={start} busy={busy} />
        <CloseButton aria-label="Close the panel" onClick={onClose} />
      </header>
      {broken && <Alert color="orange" p="xs" role="alert">The text of the flow cannot be read ({broken}): mend it before you change the node here.</Alert>}
      {trying.error && <Wrong error={trying.error} />}
      {wrong && <Alert color="orange" p="xs" role="alert">{wrong}</Alert>}
      <div className="panel-columns">
        <details className="panel-column panel-input" open>
          <summary>Input</summary>
          <div className="panel-body">{columns.input}</div>
        </details>
        <section className="panel-column panel-params" aria-label="Parameters">
          <fieldset disabled={!!broken} className="panel-fields">
            <Tabs defaultValue="params" keepMounted={false}>
              <Tabs.List>
                <Tabs.Tab value="params">Parameters</Tabs.Tab>
                <Tabs.Tab value="settings">Settings</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="params" pt="sm" className="panel-body">
                {problem && <Text size="xs" c="dimmed" mb="xs">Values of expressions are not shown: {problem.details[0]?.message ?? problem.message}</Text>}
                {type?.doc && <About doc={type.doc} />}
                {!type && catalog.nodes.length > 0 && <Alert color="orange" p="xs">There is no node type {node.type} here; its parameters are shown as they are written.</Alert>}
                <Fields fields={fields} values={node.params} path={[]} set={set} />
                {type && !fields.length && <Text size="sm" c="dimmed">It takes no parameters.</Text>}
                {(type ? unknown : Object.keys(node.params)).map((k) => (
                  <div key={k} className="field">
                    <Text size="sm" fw={600}>{k}</Text>
                    <AnyValue field={{ name: k, kind: 'any' }} value={node.params[k]} path={[k]} set={set} label={k} />
                    {type && <Text size="xs" c="orange">{node.type} has no parameter {k}; clear it to take it away.</Text>}
                  </div>
                ))}
              </Tabs.Panel>
              <Tabs.Panel value="settings" pt="sm" className="panel-body">
                <div className="policies">
                  <div className="field">
                    <span className="field-name">title</span>
                    <TextField label="title" path={['\u0000title']} value={node.title === node.id ? '' : node.title} placeholder={node.id} onCommit={(t) => model.apply(`Name ${node.id}`, setTitle(model.text(), node.id, t.trim()))} />
                  </div>
                  <div className="field">
                    <span className="field-name">id</span>
                    <TextField
                      label="id"
                      path={['\u0000id']}
                      mono
                      value={node.id}
                      problem={(t) => (t === node.id ? undefined : idProblem(t, flow.byId.keys()))}
                      onCommit={(t) => {
                        const bad = idProblem(t, flow.byId.keys());
                        if (bad) return setWrong(bad);
                        model.apply(`Rename ${node.id} to ${t}`, renameNode(model.text(), node.id, t));
                        model.selection.set([t]);
                        model.opened.set(t);
                      }}
                    />
                    <Text size="xs" c="dimmed">Wires and expressions that name it follow.</Text>
                  </div>
                </div>
                {keys && <Policies raw={node.raw} type={node.type} catalog={catalog} keys={keys} set={setPolicy} />}
              </Tabs.Panel>
            </Tabs>
          </fieldset>
        </section>
        <details className="panel-column panel-output" open>
          <summary>Output</summary>
          <div className="panel-body">{columns.output}</div>
        </details>
      </div>
      {picking && (
        <Suspense fallback={null}>
          <PickDialog
            address={addressBefore(flow, node.id)}
            what={`${String(picking.at(-1) ?? 'target')} of ${node.title}`}
            of={{ flow: flow.name, node: node.id }}
            onTarget={(target) => {
              setPicking(null);
              set(picking, target);
            }}
            onList={list}
            onClose={() => setPicking(null)}
          />
        </Suspense>
      )}
    </FormContext>
  );
}

/** What a node type does: its first sentence, and the rest for who asks. */
function About({ doc }: { doc: string }) {
  const first = /^.*?[.!?](?=\s|$)/s.exec(doc)?.[0] ?? doc;
  const rest = doc.slice(first.length).trim();
  if (!rest) return <Text size="xs" c="dimmed" mb="sm">{first}</Text>;
  return (
    <details className="about">
      <summary>{first}</summary>
      {rest}
    </details>
  );
}
