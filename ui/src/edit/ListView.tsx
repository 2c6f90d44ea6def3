import { ActionIcon, Button, Group, Menu, Text } from '@mantine/core';
import { IconArrowUp, IconDots, IconLink, IconPlus, IconTrash, IconX } from '@tabler/icons-react';
import { useEffect, useMemo, useRef } from 'react';

import type { FlowEdge } from '../canvas/flow';
import type { Actions, Where } from './canvas/actions';
import { FamilyIcon } from './canvas/icons';
import { wireId } from './canvas/build';
import { useCatalog } from './catalog';
import { useModel, type Model, type Problem } from './model';
import type { ParsedFlow } from './parse';
import { useSelection } from './selection';
import { useStore } from './store';

interface Props {
  model: Model;
  actions: Actions;
  problems: Map<string, Problem[]>;
  search: (where: Where) => void;
  link: (from: string) => void;
}

/** The order in which a run reaches nodes, and how deep within loops and branches each is. */
export function order(flow: ParsedFlow, scope: (id: string, port: string) => boolean): { id: string; depth: number }[] {
  const out: { id: string; depth: number }[] = [];
  const seen = new Set<string>();
  const from = new Map<string, FlowEdge[]>();
  for (const e of flow.edges) from.set(e.from, [...(from.get(e.from) ?? []), e]);
  const walk = (start: string) => {
    const todo = [{ id: start, depth: 0 }];
    for (let at = todo.pop(); at; at = todo.pop()) {
      const { id, depth } = at;
      if (seen.has(id) || !flow.byId.has(id)) continue;
      seen.add(id);
      out.push({ id, depth });
      const next = (from.get(id) ?? []).map((e) => ({ id: e.to, depth: depth + (scope(id, e.port || 'next') ? 1 : 0), inner: scope(id, e.port || 'next') }));
      // What belongs to a node comes right behind it, what follows it later.
      todo.push(...next.filter((n) => !n.inner).reverse(), ...next.filter((n) => n.inner).reverse());
    }
  };
  if (flow.start) walk(flow.start);
  for (const n of flow.nodes) walk(n.id);
  return out;
}

/** The flow as a list in which everything can be done that the canvas can: for who listens, and for narrow screens. */
export function ListView({ model, actions, problems, search, link }: Props) {
  const catalog = useCatalog();
  const flow = useModel(model).flow();
  const chosen = useSelection(model);
  const breaks = useStore(model.breaks);
  const box = useRef<HTMLUListElement>(null);
  const rows = useMemo(() => order(flow, (id, port) => !!catalog.of(flow.byId.get(id)?.type ?? '')?.ports?.find((p) => p.name === port)?.scope), [flow, catalog]);
  useEffect(() => actions.onFocus((id) => {
    let tries = 0;
    const look = () => {
      const el = box.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"] .list-open`);
      if (el) el.focus();
      else if (tries++ < 60) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }), [actions]);
  const remove = (id: string) => {
    const i = rows.findIndex((r) => r.id === id);
    const next = rows[i - 1]?.id ?? rows[i + 1]?.id;
    actions.remove([id]);
    if (next) actions.focus(next);
  };
  return (
    <div className="list-view">
      {rows.length === 0 && <Text c="dimmed" p="md">There are no nodes yet.</Text>}
      <ul ref={box} aria-label="Nodes in the order of a run">
        {rows.map(({ id, depth }) => {
          const n = flow.byId.get(id);
          if (!n) return null;
          const out = flow.edges.filter((e) => e.from === id);
          const bad = problems.get(id);
          return (
            <li key={id} data-row={id} data-selected={chosen.includes(id) || undefined} style={{ marginLeft: Math.min(depth, 6) * 22 }}>
              <Group gap={6} wrap="nowrap" justify="space-between">
                <button type="button" className="list-open" aria-pressed={chosen.includes(id)} onClick={() => model.selection.set([id])} onDoubleClick={() => model.opened.set(id)} onKeyDown={(e) => {
                  if (e.key === 'Delete') remove(id);
                }}>
                  <FamilyIcon type={n.type} />
                  <span className="step-text"><span className="node-title">{n.title}</span><span className="node-type">{n.type}{id === flow.start ? ' · a run begins here' : ''}{n.raw.disabled === true ? ' · turned off' : ''}{depth ? ` · level ${depth + 1}` : ''}</span></span>
                </button>
                <Group gap={2} wrap="nowrap">
                  <ActionIcon variant="subtle" color="gray" aria-label={`Add after ${n.title}`} title="Add after" onClick={() => search({ after: { from: id, port: catalog.onward(n.type) } })}><IconPlus size={16} aria-hidden /></ActionIcon>
                  <ActionIcon variant="subtle" color="gray" aria-label={`Connect ${n.title} to…`} title="Connect to…" onClick={() => link(id)}><IconLink size={16} aria-hidden /></ActionIcon>
                  <ActionIcon variant="subtle" color="gray" aria-label={`Move ${n.title} up`} title="Move up" onClick={() => { actions.up(id); actions.focus(id); }}><IconArrowUp size={16} aria-hidden /></ActionIcon>
                  <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${n.title}`} title="Remove" onClick={() => remove(id)}><IconTrash size={16} aria-hidden /></ActionIcon>
                  <Menu position="bottom-end">
                    <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={`More for ${n.title}`}><IconDots size={16} aria-hidden /></ActionIcon></Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item onClick={() => model.opened.set(id)}>Open</Menu.Item>
                      {catalog.ports(n, flow).map((p) => <Menu.Item key={p.name} onClick={() => search({ after: { from: id, port: p.name } })}>Add after {p.name}</Menu.Item>)}
                      <Menu.Item onClick={() => { model.selection.set([id]); actions.duplicate(); }}>Duplicate</Menu.Item>
                      <Menu.Item onClick={() => actions.toggleBreak(id)}>{breaks.has(id) ? 'Take the breakpoint away' : 'Set a breakpoint'}</Menu.Item>
                      <Menu.Item onClick={() => actions.toggle([id])}>{n.raw.disabled === true ? 'Turn on' : 'Turn off'}</Menu.Item>
                      {id !== flow.start && <Menu.Item onClick={() => actions.start(id)}>Let a run begin here</Menu.Item>}
                    </Menu.Dropdown>
                  </Menu>
                </Group>
              </Group>
              {out.length > 0 && (
                <ul aria-label={`${n.title} leads to`} className="list-wires">
                  {out.map((e) => (
                    <li key={wireId(e)}>
                      <span>{e.port && e.port !== 'next' ? `${e.port} → ` : '→ '}<button type="button" className="as-link" onClick={() => { model.selection.set([e.to]); actions.focus(e.to); }}>{actions.title(e.to)}</button></span>
                      <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Add between ${n.title} and ${actions.title(e.to)}`} onClick={() => search({ onWire: e })}><IconPlus size={13} aria-hidden /></ActionIcon>
                      <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Disconnect ${n.title} from ${actions.title(e.to)}`} onClick={() => { actions.disconnect(e); actions.focus(id); }}><IconX size={13} aria-hidden /></ActionIcon>
                    </li>
                  ))}
                </ul>
              )}
              {bad?.map((p, i) => (
                <div key={i} className="list-problem" data-bad={p.severity === 'error' || undefined}>
                  <span>{p.path ? `${p.path}: ` : ''}{p.message}</span>
                  {p.fix && <Button size="compact-xs" variant="default" onClick={() => p.fix && model.apply(p.fix.title, p.fix.edits ?? [])}>{p.fix.title}</Button>}
                </div>
              ))}
            </li>
          );
        })}
      </ul>
      <Button m="sm" size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => search({})}>Add a node</Button>
    </div>
  );
}
