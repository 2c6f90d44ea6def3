/** Where texts of a flow speak of its nodes: `nodes.id` and `loops.id` within {{ }}. */

const within = /\{\{([\s\S]*?)\}\}/g;
const quote = String.raw`''|\\"|"|'|` + '`';
const pattern = new RegExp(
  String.raw`\b(nodes|loops)\s*(?:\?\.|\.)\s*([A-Za-z_]\w*)` + // nodes.id
    String.raw`|\b(nodes|loops)\s*(?:\?\.)?\[\s*(${quote})([A-Za-z_]\w*)\4\s*\]` + // nodes["id"]
    String.raw`|(${quote})(?:(?!\6)[\s\S])*?\6`, // a text, which speaks of nothing
  'g',
);

export interface Mention {
  id: string;
  from: number;
  to: number;
}

/** Finds what a text mentions, as it is written in a file or as it was read. */
export function mentions(text: string): Mention[] {
  const out: Mention[] = [];
  for (const e of text.matchAll(within)) {
    const body = e[1] ?? '';
    const at = e.index + 2;
    for (const m of body.matchAll(pattern)) {
      const before = body[m.index - 1];
      const id = m[2] ?? m[5];
      if (!id || before === '.' || before === '$') continue;
      const start = at + m.index + m[0].lastIndexOf(id);
      out.push({ id, from: start, to: start + id.length });
    }
  }
  return out;
}

/** The nodes that the texts of a value mention. */
export function mentioned(v: unknown, into = new Set<string>()): Set<string> {
  if (typeof v === 'string') {
    if (v.includes('{{')) for (const m of mentions(v)) into.add(m.id);
  } else if (Array.isArray(v)) for (const e of v) mentioned(e, into);
  else if (v && typeof v === 'object') for (const e of Object.values(v)) mentioned(e, into);
  return into;
}
