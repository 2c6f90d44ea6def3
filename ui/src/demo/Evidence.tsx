import { Card, SimpleGrid, Stack, Text, Title } from '@mantine/core';

import type { Schemas } from '../api/client';
import type { FlowDoc } from '../canvas/flow';
import { HealPicture } from '../parts/HealPicture';

type Heal = Schemas['Heal'];

/** The queries of a target, one a line. */
function queries(target: unknown): string[] {
  if (typeof target === 'string') return [target];
  if (Array.isArray(target)) return target.map(String);
  const list = (target as { queries?: unknown } | null)?.queries;
  return Array.isArray(list) ? list.map(String) : [];
}

const shown = ['id', 'name', 'tag', 'type', 'text', 'label', 'classes', 'attrs'];
const text = (v: unknown): string => (v === undefined || v === null ? '' : Array.isArray(v) ? v.join(' ') : typeof v === 'object' ? JSON.stringify(v) : String(v));

/** What is the same of an element before and now, and what is not. */
function compared(h: Heal): { same: string[]; other: string[] } {
  const a = h.before as unknown as Record<string, unknown>;
  const b = (h.found ?? {}) as unknown as Record<string, unknown>;
  const out = { same: [] as string[], other: [] as string[] };
  for (const k of shown) {
    const [x, y] = [text(a[k]), text(b[k])];
    if (!x && !y) continue;
    if (x === y) out.same.push(`${k} ${x}`);
    else out.other.push(`${k} ${x || 'none'} → ${y || 'none'}`);
  }
  return out;
}

/** What was found again after the page had changed: how the flow named it, how it would, and why it is the same. */
export function Evidence({ heals, doc }: { heals: Heal[]; doc: FlowDoc }) {
  return (
    <Stack gap="md">
      {heals.map((h) => {
        const { same, other } = compared(h);
        const title = doc.nodes.find((n) => n.id === h.node)?.title ?? h.node;
        return (
          <Card withBorder radius="md" component="section" aria-label={`Found again: ${title}`} key={h.id}>
            <Title order={3} size="h5">{title}</Title>
            <Text size="sm" c="dimmed" mb="sm">{h.outcome === 'healed' ? `Found again, with a probability of ${h.p >= 0.9995 ? 'more than 99.9' : (100 * h.p).toFixed(1)} %` : 'Not found for certain'}</Text>
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
              <Stack gap="sm" className="demo-facts">
                <div>
                  <Text size="xs" fw={600}>Before, the flow named it</Text>
                  {queries(h.old).map((q) => <div className="mono demo-query" data-old key={q}>{q}</div>)}
                </div>
                <div>
                  <Text size="xs" fw={600}>Now it is found as</Text>
                  {queries(h.repaired).slice(0, 3).map((q) => <div className="mono demo-query" key={q}>{q}</div>)}
                </div>
                <Text size="sm"><b>The same:</b> {same.join(', ') || 'nothing'}</Text>
                <Text size="sm"><b>Changed:</b> {other.join(', ') || 'only its place'}</Text>
              </Stack>
              {h.screenshot && (
                <figure className="demo-figure">
                  <HealPicture id={h.id} />
                  <Text component="figcaption" size="xs" c="dimmed">Red: where it was. Green: where it is now.</Text>
                </figure>
              )}
            </SimpleGrid>
          </Card>
        );
      })}
    </Stack>
  );
}
