/** A line of a difference: in both, or in one of two texts. */
export interface Line {
  kind: 'same' | 'here' | 'there';
  text: string;
}

/** Beyond so many pairs of lines, what differs is not looked at line by line. */
const most = 4_000_000;

/** What differs between two texts, line by line: those only there come before those only here. */
export function diff(there: string, here: string): Line[] {
  const a = there.split('\n');
  const b = here.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const line = (kind: Line['kind']) => (text: string): Line => ({ kind, text });
  const end = a.slice(a.length - tail).map(line('same'));
  const x = a.slice(head, a.length - tail);
  const y = b.slice(head, b.length - tail);
  const out = a.slice(0, head).map(line('same'));
  if (x.length * y.length > most) return out.concat(x.map(line('there')), y.map(line('here')), end);
  // The longest common subsequence, from the end.
  const wide = y.length + 1;
  const best = new Uint32Array((x.length + 1) * wide);
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      best[i * wide + j] = x[i] === y[j] ? (best[(i + 1) * wide + j + 1] ?? 0) + 1 : Math.max(best[(i + 1) * wide + j] ?? 0, best[i * wide + j + 1] ?? 0);
    }
  }
  let i = 0;
  let j = 0;
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      out.push({ kind: 'same', text: x[i] ?? '' });
      i++;
      j++;
    } else if (j >= y.length || (i < x.length && (best[(i + 1) * wide + j] ?? 0) >= (best[i * wide + j + 1] ?? 0))) {
      out.push({ kind: 'there', text: x[i++] ?? '' });
    } else out.push({ kind: 'here', text: y[j++] ?? '' });
  }
  return out.concat(end);
}

/** Leaves out all but a few of the lines that are the same, and says how many. */
export function fold(lines: Line[], around = 3): (Line | number)[] {
  const out: (Line | number)[] = [];
  let skipped = 0;
  lines.forEach((l, i) => {
    const near = l.kind !== 'same' || lines.slice(Math.max(0, i - around), i + around + 1).some((n) => n.kind !== 'same');
    if (near) {
      if (skipped) out.push(skipped);
      skipped = 0;
      out.push(l);
    } else skipped++;
  });
  if (skipped) out.push(skipped);
  return out;
}
