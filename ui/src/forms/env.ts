import { createContext, useContext } from 'react';

import type { Answer, Path } from './values';

/** Something that expressions can refer to. */
export interface Ref {
  path: string;
  kind: string;
  preview: string;
}

/** Where a reference goes that is chosen elsewhere: the field that was used last. */
export interface Taker {
  label: string;
  insert: (ref: string) => void;
}

/** What forms know of the world around them. */
export interface FormEnv {
  /** What a text with expressions gives, as far as is known. */
  live: (text: string, param?: string) => Answer | undefined;
  refs: readonly Ref[];
  secrets: readonly string[];
  /** A value that is being written and not kept yet; undefined when it is kept or left. */
  draft: (path: Path, value: unknown, on: boolean) => void;
  /** What is being written there, if something is. */
  drafted: (path: Path) => unknown;
  takes: (t: Taker) => void;
  /** Picks an element of a page for the field at a path; undefined where that cannot be done. */
  pick?: (path: Path) => void;
}

const none: FormEnv = { live: () => undefined, refs: [], secrets: [], draft: () => undefined, drafted: () => undefined, takes: () => undefined };

export const FormContext = createContext<FormEnv>(none);
export const useForm = (): FormEnv => useContext(FormContext);
