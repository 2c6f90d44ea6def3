import type { Places } from '../../canvas/layout';
import type { At } from '../ops';
import type { ParsedFlow } from '../parse';

/** Where things are while they are dragged: a frame takes its nodes along. */
export function dragged(flow: ParsedFlow, places: Places, moves: { id: string; at: At }[]): Places {
  const out: Places = {};
  for (const { id, at } of moves) {
    out[id] = at;
    const f = id.startsWith('frame:') ? flow.frames[Number(id.slice(6))] : undefined;
    if (!f) continue;
    for (const n of f.nodes) {
      const p = places[n];
      if (p && !moves.some((m) => m.id === n)) out[n] = { x: p.x + at.x - f.x, y: p.y + at.y - f.y };
    }
  }
  return out;
}
