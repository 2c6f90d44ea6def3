import { Text } from '@mantine/core';

import { useForm } from './env';
import { isExpression, kindOf, line, type Path } from './values';

/** What an expression gives on recorded data, or why nothing. */
export function Live({ text: kept, path, param }: { text: unknown; path: Path; param?: string }) {
  const { live, drafted } = useForm();
  const text = drafted(path) ?? kept;
  if (!isExpression(text)) return null;
  const a = live(text, param);
  if (!a) return <Text size="xs" c="dimmed" className="live">…</Text>;
  if (a.problem) return <Text size="xs" className="live live-problem">{a.problem}</Text>;
  return (
    <Text size="xs" className="live" title={a.value ? kindOf(a.value) : undefined}>
      <span aria-hidden>= </span>
      <span className="live-value">{line(a.value, 200)}</span>
    </Text>
  );
}
