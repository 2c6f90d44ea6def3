import type { Schemas } from '../api/client';

export interface Field {
  name: string;
  type: string;
  label?: string;
  help?: string;
  page?: number;
  placeholder?: string;
  required?: boolean;
  default?: unknown;
  proposed?: unknown;
  choices?: { value: unknown; label?: string }[];
}

export interface AskButton {
  name: string;
  label?: string;
  cancels?: boolean;
}

/** A question as it was declared. */
export interface Ask {
  kind?: string;
  style?: string;
  title?: string;
  message?: string;
  fields?: Field[];
  pages?: { title?: string; message?: string }[];
  buttons?: AskButton[];
  details?: { text?: string; data?: Record<string, unknown>; columns?: string[]; rows?: Record<string, unknown>[]; total?: number; file?: string };
  on_timeout?: string;
  default?: { button?: string };
  approvals?: number;
  not_starter?: boolean;
}

export type Asking = Schemas['Asking'];
export type Said = Schemas['Said'];

export const askOf = (of: unknown): Ask => (of && typeof of === 'object' ? (of as Ask) : {});

/** What is filled in beforehand: what is proposed, else the default. */
export function startValues(fields: Field[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const f of fields) {
    const v = f.proposed ?? f.default;
    if (v !== undefined && v !== null) out[f.name] = v;
  }
  return out;
}

/** How people are told apart: as the server does. */
export const person = (name: string) => name.trim().toLowerCase();

/** What happens when nobody answers in time, as the end of a sentence. */
export function afterwards(late: string | undefined, ask: Ask): string {
  switch (late) {
    case 'port':
      return 'the flow goes on another way';
    case 'default':
      return ask.default?.button ? `${labelOf(ask, ask.default.button)} counts as the answer` : 'the default counts as the answer';
    case 'cancel':
      return 'it counts as closed';
    case 'fail':
      return 'the node fails';
  }
  return '';
}

/** What stands on a button. */
export function labelOf(ask: Ask, name: string): string {
  return ask.buttons?.find((b) => b.name === name)?.label || name;
}

/** How long it is until a time, in the two largest units. */
export function left(until: number, now: number): string {
  const s = Math.max(0, Math.floor((until - now) / 1000));
  const d = Math.floor(s / 86_400);
  const h = Math.floor((s % 86_400) / 3600);
  const m = Math.floor((s % 3600) / 60);
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${m} min`;
  if (m > 0) return `${m} min ${s % 60} s`;
  return `${s} s`;
}

/** Values without what only seems to be a picture: that is shown as one. */
export function shownData(data: Record<string, unknown> | undefined, picture: boolean): Record<string, unknown> | undefined {
  if (!data) return undefined;
  const rest = Object.fromEntries(Object.entries(data).filter(([k]) => !(picture && k === 'screenshot')));
  return Object.keys(rest).length ? rest : undefined;
}
