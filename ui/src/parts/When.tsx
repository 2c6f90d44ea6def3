import { Text } from '@mantine/core';

import { ago, useNow } from './time';

/** A time as people say it, with the exact time when the mouse rests on it. */
export function When({ at }: { at?: string }) {
  const now = useNow(10_000);
  if (!at) return <Text span c="dimmed" size="sm">–</Text>;
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {ago(at, now)}
    </time>
  );
}
