import createClient from 'openapi-fetch';

import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Run = Schemas['Run'];
export type Job = Schemas['Job'];
export type Robot = Schemas['Robot'];
export type Failure = Schemas['Failure'];

/** The API of the server that these pages come from; the cookie of the sign-in goes with each request. */
export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin' });

/** What the server says is wrong. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly hint = '',
    readonly details: { path?: string; message: string }[] = [],
  ) {
    super(message);
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Gives what was asked for, or throws a Problem. */
export async function must<T>(asked: Promise<Answer<T>>): Promise<T> {
  let got: Answer<T>;
  try {
    got = await asked;
  } catch {
    throw new Problem(0, 'The server cannot be reached.', 'It may be restarting; this page tries again by itself.');
  }
  if (got.response.ok) return got.data as T;
  const p = (got.error ?? {}) as { message?: string; hint?: string; details?: { path?: string; message: string }[] | null };
  throw new Problem(got.response.status, p.message ?? `The server answered with ${got.response.status}.`, p.hint, p.details ?? []);
}
