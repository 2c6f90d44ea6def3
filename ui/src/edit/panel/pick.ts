import type { FlowNode } from '../../canvas/flow';
import { isRecord } from '../change';

interface Graph {
  value: Record<string, unknown>;
  edges: readonly { from: string; to: string }[];
  byId: ReadonlyMap<string, FlowNode>;
}

const opens = ['web.open', 'web.goto', 'web.new_tab', 'web.attach'];

/** The text with the defaults of inputs in place of those that it names; nothing if it names anything else. */
function known(text: string, inputs: unknown): string {
  const of = isRecord(inputs) ? inputs : {};
  const full = text.replaceAll(/\{\{\s*inputs\.(\w+)\s*\}\}/g, (all, name: string) => {
    const input = of[name];
    const value = isRecord(input) ? input.default : undefined;
    return typeof value === 'string' ? value : all;
  });
  return full.includes('{{') ? '' : full;
}

/** The address of the page that a flow has open when it comes to a node, as far as it is written; '' if it is not. */
export function addressBefore(flow: Graph, node: string): string {
  const seen = new Set([node]);
  let now = [node];
  while (now.length) {
    const before = flow.edges.filter((e) => now.includes(e.to) && !seen.has(e.from)).map((e) => e.from);
    for (const id of before) {
      seen.add(id);
      const n = flow.byId.get(id);
      const url = n && opens.includes(n.type) ? n.params.url : undefined;
      if (typeof url === 'string') return known(url, flow.value.inputs);
    }
    now = before;
  }
  return '';
}

/** A target with the queries that were chosen of those that were picked, the first that finds the element first. */
export function targetOf(picked: unknown, chosen: readonly boolean[]): unknown {
  const target = isRecord(picked) ? picked.target : undefined;
  if (!isRecord(target) || !Array.isArray(target.queries)) return target;
  const queries = target.queries.filter((_, i) => chosen[i] !== false);
  return { ...target, queries: queries.length ? queries : target.queries };
}

/** Params of web.extract with the columns that were chosen, under the names that were given. */
export function extractOf(params: Record<string, unknown>, columns: readonly { name: string; as: string; on: boolean }[]): Record<string, unknown> {
  const all = isRecord(params.fields) ? params.fields : {};
  const fields: Record<string, unknown> = {};
  for (const c of columns) if (c.on && all[c.name] !== undefined) fields[c.as.trim() || c.name] = all[c.name];
  return { ...params, fields: Object.keys(fields).length ? fields : all };
}
