/** A flow as its JSON has it, as far as the pages look into it. */
export interface FlowDoc {
  name: string;
  description: string;
  inputs: { name: string; type: string; doc: string; required: boolean; secret: boolean; default?: unknown; enum?: unknown[] }[];
  nodes: FlowNode[];
  edges: FlowEdge[];
  positions: Map<string, { x: number; y: number }>;
}

export interface FlowNode {
  id: string;
  type: string;
  title: string;
  params: Record<string, unknown>;
  raw: Record<string, unknown>;
}

export interface FlowEdge {
  from: string;
  port: string;
  to: string;
}

const record = (v: unknown): Record<string, unknown> => (v && typeof v === 'object' && !Array.isArray(v) ? (v as Record<string, unknown>) : {});
const text = (v: unknown): string => (typeof v === 'string' ? v : '');

/** Reads a flow. What it does not know it leaves alone: the server has checked it. */
export function readFlow(json: unknown): FlowDoc {
  const flow = record(json);
  const nodes = (Array.isArray(flow.nodes) ? flow.nodes : []).map((n): FlowNode => {
    const raw = record(n);
    const id = text(raw.id);
    return { id, type: text(raw.type), title: text(raw.title) || id, params: record(raw.params), raw };
  });
  const edges = (Array.isArray(flow.edges) ? flow.edges : []).flatMap((e): FlowEdge[] => {
    const m = /^(.+?)\s*->\s*(.+)$/.exec(text(e));
    if (!m?.[1] || !m[2]) return [];
    const [from = '', port = ''] = m[1].split('.');
    return [{ from, port, to: m[2].trim() }];
  });
  const inputs = Object.entries(record(flow.inputs)).map(([name, v]) => {
    const i = typeof v === 'string' ? { type: v } : record(v);
    return {
      name,
      type: text(i.type) || 'any',
      doc: text(i.doc),
      required: i.required === true,
      secret: i.secret === true,
      default: i.default,
      enum: Array.isArray(i.enum) ? i.enum : undefined,
    };
  });
  const positions = new Map<string, { x: number; y: number }>();
  const view = record(flow.view);
  for (const [id, p] of Object.entries(record(view.positions ?? view.nodes))) {
    const at = Array.isArray(p) ? { x: Number(p[0]), y: Number(p[1]) } : { x: Number(record(p).x), y: Number(record(p).y) };
    if (Number.isFinite(at.x) && Number.isFinite(at.y)) positions.set(id, at);
  }
  return { name: text(flow.name), description: text(flow.description), inputs, nodes, edges, positions };
}
