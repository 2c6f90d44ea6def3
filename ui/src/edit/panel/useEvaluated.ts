import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDebouncedValue } from '@mantine/hooks';

import { api, must, type Schemas } from '../../api/client';
import { textsOf, type Answer } from '../../forms/values';
import type { Pins } from './bench';

export type Evaluated = Schemas['Evaluated'];

interface Asked {
  text: string;
  node: string;
  run?: string;
  at?: string;
  params: Record<string, unknown>;
  pins: Pins;
}

/** Asks what the expressions of a node give on recorded data, when nothing has been written for a moment. */
export function useEvaluated(asked: Asked, on: boolean) {
  const [now] = useDebouncedValue(asked, 250);
  const current = now.node === asked.node ? now : asked;
  const texts = [...textsOf(current.params)].slice(0, 500);
  const query = useQuery({
    queryKey: ['evaluate', current],
    queryFn: ({ signal }) =>
      must(
        api.POST('/api/v1/expressions/evaluate', {
          body: { text: current.text, node: current.node, run: current.run || undefined, at: current.at || undefined, params: current.params, expressions: texts, pins: current.pins },
          signal,
        }),
      ),
    enabled: on,
    placeholderData: (old, was) => ((was?.queryKey[1] as Asked | undefined)?.node === current.node ? keepPreviousData(old) : undefined),
    staleTime: 60_000,
    gcTime: 60_000,
    retry: false,
  });
  const answers = new Map<string, Answer>();
  texts.forEach((t, i) => {
    const a = query.data?.expressions?.[i];
    if (a && !query.isPlaceholderData) answers.set(t, a);
  });
  return { ...query, answers };
}
