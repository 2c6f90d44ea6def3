import { ownerOf } from './state';
import type { Book, Execution } from './book';

/** What the parameters of a node read: outputs of nodes and inputs of the run. */
export interface Reads {
  nodes: string[];
  inputs: string[];
}

const expression = /\{\{([\s\S]*?)\}\}/g;
const ofNode = /\bnodes\.([A-Za-z_]\w*)|\bnodes\[\s*["']([^"']+)["']\s*\]/g;
const ofInput = /\binputs\.([A-Za-z_]\w*)|\binputs\[\s*["']([^"']+)["']\s*\]/g;

/** Finds what expressions in the parameters of a node read. */
export function reads(params: unknown): Reads {
  const nodes = new Set<string>();
  const inputs = new Set<string>();
  const look = (v: unknown) => {
    if (typeof v === 'string') {
      for (const [, text = ''] of v.matchAll(expression)) {
        for (const m of text.matchAll(ofNode)) nodes.add(m[1] ?? m[2] ?? '');
        for (const m of text.matchAll(ofInput)) inputs.add(m[1] ?? m[2] ?? '');
      }
    } else if (v && typeof v === 'object') Object.values(v).forEach(look);
  };
  look(params);
  return { nodes: [...nodes], inputs: [...inputs] };
}

/** How many parts of the paths of two executions are the same, from the beginning. */
function near(a: string, b: string): number {
  const x = a.split('/');
  const y = b.split('/');
  let n = 0;
  while (n < x.length - 1 && n < y.length - 1 && x[n] === y[n]) n++;
  return n;
}

/** The execution of a node whose output another execution read: the last one before it in the nearest turn. */
export function readFrom(book: Book, node: string, x: Execution): Execution | undefined {
  let best: Execution | undefined;
  let depth = -1;
  for (const c of book.of(node)) {
    if (c.index >= x.index || c.end === undefined || c.state !== 'done' || ownerOf(c.path) !== c.node) continue;
    const d = near(c.path, x.path);
    if (d >= depth) {
      best = c;
      depth = d;
    }
  }
  return best;
}
