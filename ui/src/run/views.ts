/** What a list of runs is narrowed to. */
export interface Filter {
  flow?: string;
  status?: string;
  /** How far back, such as 24h or 7d; or a day, 2026-11-29. */
  since?: string;
  before?: string;
  /** Labels that all must be there, with commas between them. */
  label?: string;
  error?: string;
}

/** A filter with a name, kept in this browser. */
export interface View {
  name: string;
  filter: Filter;
}

const key = 'aether-run-views';

/** The views that were kept; what is no view is passed over. */
export function load(): View[] {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    if (!Array.isArray(all)) return [];
    return all.flatMap((v: unknown) => {
      const { name, filter } = (v ?? {}) as Partial<View>;
      return typeof name === 'string' && name && filter && typeof filter === 'object' ? [{ name, filter: clean(filter) }] : [];
    });
  } catch {
    return [];
  }
}

/** Keeps views; false if the browser lets none be kept. */
export function store(views: View[]): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(views));
    return true;
  } catch {
    return false;
  }
}

/** The parts of a filter that say something. */
export function clean(f: Record<string, unknown> | Filter): Filter {
  const out: Filter = {};
  for (const k of ['flow', 'status', 'since', 'before', 'label', 'error'] as const) {
    const v = (f as Record<string, unknown>)[k];
    // An address that was written by hand may hold what reads as a number.
    if ((typeof v === 'string' && v) || typeof v === 'number') out[k] = String(v);
  }
  return out;
}

export const same = (a: Filter, b: Filter) => JSON.stringify(clean(a)) === JSON.stringify(clean(b));

const spans: Record<string, number> = { h: 3_600_000, d: 86_400_000 };

/** The time that a filter means, to the minute so that a list does not ask anew with each second; undefined if it means none. */
export function moment(text: string | undefined, now: number): string | undefined {
  if (!text) return undefined;
  const m = /^(\d{1,4})([hd])$/.exec(text);
  if (m) return new Date(Math.floor((now - Number(m[1]) * (spans[m[2] ?? ''] ?? 0)) / 60_000) * 60_000).toISOString();
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00`) : undefined;
  return day && !Number.isNaN(day.getTime()) ? day.toISOString() : undefined;
}

/** The labels that a text names; undefined if it names none. */
export function labelsOf(text: string | undefined): string[] | undefined {
  const all = (text ?? '').split(/[\s,]+/).filter(Boolean);
  return all.length ? all.slice(0, 20) : undefined;
}
