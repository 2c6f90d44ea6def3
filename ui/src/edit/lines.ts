/** Pairs of equal lines, in order: the longest such list (Myers' way, forwards). */
function common(a: string[], b: string[]): [number, number][] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const n = a.length - head - tail;
  const m = b.length - head - tail;
  const out: [number, number][] = Array.from({ length: head }, (_, i) => [i, i]);
  const trail: Map<number, number>[] = [];
  const far = new Map<number, number>([[1, 0]]);
  const limit = Math.min(n + m, 2000); // texts that differ more are merged by meaning
  search: for (let d = 0; d <= limit; d++) {
    trail.push(new Map(far));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1)) ? (far.get(k + 1) ?? 0) : (far.get(k - 1) ?? 0) + 1;
      while (x < n && x - k < m && a[head + x] === b[head + x - k]) x++;
      far.set(k, x);
      if (x >= n && x - k >= m) {
        out.push(...back(trail, n, m, head));
        break search;
      }
    }
  }
  for (let i = tail; i > 0; i--) out.push([a.length - i, b.length - i]);
  return out;
}

function back(trail: Map<number, number>[], n: number, m: number, head: number): [number, number][] {
  const pairs: [number, number][] = [];
  let x = n;
  let y = m;
  for (let d = trail.length - 1; d >= 0; d--) {
    const far = trail[d] as Map<number, number>;
    const k = x - y;
    const down = k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
    const before = down ? k + 1 : k - 1;
    const px = d === 0 ? 0 : (far.get(before) ?? 0);
    const py = px - before;
    const sx = d === 0 ? 0 : down ? px : px + 1;
    while (x > sx && y > (d === 0 ? 0 : sx - k)) {
      x--;
      y--;
      pairs.push([head + x, head + y]);
    }
    x = px;
    y = d === 0 ? 0 : py;
  }
  return pairs.reverse();
}

/** Merges two texts line by line; undefined if both have changed the same lines, or lines side by side. */
export function mergeLines(base: string, mine: string, theirs: string): string | undefined {
  const [o, a, b] = [base, mine, theirs].map((t) => t.split('\n')) as [string[], string[], string[]];
  const ofA = new Map(common(o, a));
  const ofB = new Map(common(o, b));
  const out: string[] = [];
  let [i, j, k] = [0, 0, 0];
  for (;;) {
    // The next line of the base that both have kept.
    let next = i;
    while (next < o.length && !(ofA.has(next) && ofB.has(next))) next++;
    const [ea, eb] = next < o.length ? [ofA.get(next) as number, ofB.get(next) as number] : [a.length, b.length];
    const [was, my, their] = [o.slice(i, next), a.slice(j, ea), b.slice(k, eb)];
    const eq = (x: string[], y: string[]) => x.length === y.length && x.every((l, n) => l === y[n]);
    if (eq(my, was)) out.push(...their);
    else if (eq(their, was) || eq(my, their)) out.push(...my);
    else return undefined;
    if (next >= o.length) return out.join('\n');
    out.push(o[next] as string);
    [i, j, k] = [next + 1, ea + 1, eb + 1];
  }
}
