import { useEffect } from 'react';

import { api, must } from '../api/client';
import type { Model } from './model';

/** How long the text must have stood still before it is checked, in milliseconds. */
const rest = 300;

/** Has the server check the text whenever it has changed; what was asked about a text that is no more is given up. */
export function useCheck(model: Model, name: string | undefined) {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asked: AbortController | undefined;
    let about: string | undefined;
    const check = async (text: string) => {
      const mine = (asked = new AbortController());
      try {
        const c = await must(api.POST('/api/v1/flows/check', { body: { text, file: model.base.file, name, base: model.base.digest || undefined }, signal: mine.signal }));
        if (!mine.signal.aborted) model.setChecked({ text, digest: c.digest ?? '', problems: c.problems ?? [], sameAs: c.same_as ?? [] });
      } catch {
        // Given up, or the server is away: the next change asks again.
        if (!mine.signal.aborted) about = undefined;
      }
    };
    const look = (wait: number) => {
      const text = model.text();
      if (text === about) return;
      about = text;
      asked?.abort();
      clearTimeout(timer);
      timer = setTimeout(() => void check(text), wait);
    };
    look(0);
    const off = model.subscribe(() => look(rest));
    return () => {
      off();
      clearTimeout(timer);
      asked?.abort();
    };
  }, [model, name]);
}
