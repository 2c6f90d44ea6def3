import { useQuery } from '@tanstack/react-query';
import { createContext, useContext, useMemo } from 'react';

import { api, must, type Schemas } from '../api/client';
import type { FlowDoc, FlowNode } from '../canvas/flow';

export type NodeType = Schemas['CatalogNode'];
export interface Port {
  name: string;
  doc?: string;
  scope?: boolean;
  many?: boolean;
}

/** What flows are mostly made of, shown first where nothing was used yet. */
const usual = ['flow.if', 'flow.for_each', 'var.set', 'web.open', 'web.click', 'web.fill', 'http.request', 'file.read_text', 'file.write_text', 'sheet.read', 'csv.read', 'mail.send', 'flow.switch', 'flow.try', 'flow.wait_for_approval', 'flow.log'];

/** The node types that the server knows, by name; older names lead to them, too. */
export class Catalog {
  private readonly byType = new Map<string, NodeType>();
  private readonly words: { type: NodeType; title: string; name: string; doc: string }[];

  constructor(
    readonly nodes: readonly NodeType[],
    readonly families: readonly { name: string; title: string; doc: string }[] = [],
  ) {
    for (const n of nodes) for (const a of n.aliases ?? []) this.byType.set(a, n);
    for (const n of nodes) this.byType.set(n.type, n);
    this.words = nodes.map((type) => ({ type, title: type.title.toLowerCase(), name: type.type.toLowerCase(), doc: (type.doc ?? '').toLowerCase() }));
  }

  of(type: string): NodeType | undefined {
    return this.byType.get(type);
  }

  /** The ports that wires may leave a node from: those of its type, of its params, and those that have wires. */
  ports(n: FlowNode, flow: FlowDoc): Port[] {
    const known = this.of(n.type);
    const out: Port[] = [...(known?.ports ?? [{ name: 'next' }])];
    const add = (p: Port) => {
      if (p.name && !out.some((o) => o.name === p.name)) out.push(p);
    };
    if (known?.computed) for (const name of computed(n)) add({ name });
    for (const e of flow.edges) if (e.from === n.id) add({ name: e.port || 'next' });
    // What goes wrong comes last.
    return [...out.filter((p) => p.name !== 'error'), ...out.filter((p) => p.name === 'error')];
  }

  /** The port on which a chain goes on from a node of a type. */
  onward(type: string): string {
    const ports = (this.of(type)?.ports ?? []).filter((p) => p.name !== 'error');
    return (ports.find((p) => p.name === 'next') ?? ports.find((p) => p.name === 'done') ?? ports[0])?.name ?? 'next';
  }

  /** The types that fit words, the best first. Each word must be there, or its letters in this order. */
  search(text: string, recent: readonly string[], limit = 60): NodeType[] {
    const words = text.toLowerCase().split(/[\s.]+/).filter(Boolean);
    if (!words.length) {
      const first = [...recent, ...usual].flatMap((t) => this.of(t) ?? []);
      return [...new Set([...first, ...this.nodes])].slice(0, limit);
    }
    const found: { type: NodeType; score: number }[] = [];
    for (const w of this.words) {
      let score = 0;
      for (const word of words) {
        const s = Math.max(fit(w.title, word) * 1.1, fit(w.name, word), w.doc.includes(word) ? 12 : 0);
        if (!s) {
          score = 0;
          break;
        }
        score += s;
      }
      if (score) found.push({ type: w.type, score: score + (recent.includes(w.type.type) ? 8 : 0) - w.title.length / 50 });
    }
    return found.sort((a, b) => b.score - a.score).slice(0, limit).map((f) => f.type);
  }
}

/** How well a word fits a text: at its begin, at the begin of a word, within, or as letters in order. */
function fit(text: string, word: string): number {
  const at = text.indexOf(word);
  if (at === 0) return text.length === word.length ? 120 : 100;
  if (at > 0) return /[\s._-]/.test(text[at - 1] ?? '') ? 80 : 50;
  if (word.length < 3) return 0;
  let i = 0;
  let gaps = 0;
  for (const c of text) {
    if (c === word[i]) i++;
    else if (i > 0 && i < word.length) gaps++;
  }
  return i === word.length && gaps <= word.length * 2 ? 20 - gaps / 2 : 0;
}

function computed(n: FlowNode): string[] {
  const names = (v: unknown) => (Array.isArray(v) ? v : []).filter((x): x is string => typeof x === 'string');
  const cases = (Array.isArray(n.params.cases) ? n.params.cases : []).flatMap((c: unknown) => (c && typeof c === 'object' && 'port' in c ? [c.port] : []));
  const choices = n.type.endsWith('wait_for_approval') && n.params.choices === undefined ? ['approve', 'reject'] : names(n.params.choices);
  return [...names(cases), ...choices, ...names(n.params.buttons).filter((b) => b !== 'cancel'), ...names(n.params.ports)];
}

export const nodesQuery = {
  queryKey: ['nodes'],
  queryFn: () => must(api.GET('/api/v1/nodes')),
  staleTime: 5 * 60_000,
};

export const emptyCatalog = new Catalog([]);
export const CatalogContext = createContext<Catalog>(emptyCatalog);
export const useCatalog = (): Catalog => useContext(CatalogContext);

/** Asks for the catalog, once for all that need it. */
export function useNodeTypes() {
  const asked = useQuery(nodesQuery);
  const catalog = useMemo(() => (asked.data ? new Catalog(asked.data.nodes ?? [], asked.data.families ?? []) : null), [asked.data]);
  return { catalog, error: asked.error, again: () => void asked.refetch() };
}

const recentKey = 'aether.recent-nodes';

/** The types that were added last, the newest first. */
export function recentTypes(): string[] {
  try {
    const v: unknown = JSON.parse(localStorage.getItem(recentKey) ?? '[]');
    return Array.isArray(v) ? v.filter((t): t is string => typeof t === 'string') : [];
  } catch {
    return [];
  }
}

export function noteRecent(type: string) {
  try {
    localStorage.setItem(recentKey, JSON.stringify([type, ...recentTypes().filter((t) => t !== type)].slice(0, 12)));
  } catch {
    // A browser that keeps nothing shows the types in their usual order.
  }
}
