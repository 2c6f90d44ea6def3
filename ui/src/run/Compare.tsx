import { Badge, Group, Select, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { api, must, type Run, type Schemas } from '../api/client';
import type { FlowDoc } from '../canvas/flow';
import { Empty, Loading, Wrong } from '../parts/Notice';
import { ago, useNow } from '../parts/time';
import { diff, fold } from './diff';

type Comparison = Schemas['Comparison'];
type Outcome = Schemas['Outcome'];

/** Asks how a run differs from another of its flow: from the last one before it that was done, if none is named. */
export function useComparison(run: Run, other: string | undefined, enabled: boolean) {
  return useQuery({
    queryKey: ['compare', run.id, other ?? '', run.recorded],
    enabled,
    retry: false,
    staleTime: 60_000,
    queryFn: () => must(api.GET('/api/v1/runs/{id}/compare', { params: { path: { id: run.id }, query: { with: other } } })),
  });
}

const looks: Record<string, [color: string, word: string]> = {
  same: ['green', 'same'],
  differs: ['orange', 'differs'],
  only_here: ['blue', 'only in this run'],
  only_there: ['grape', 'only in the other'],
};

interface Props {
  run: Run;
  doc: FlowDoc;
  other?: string;
  onOther: (id: string | undefined) => void;
  onSelect: (node: string, path?: string) => void;
}

/** What differs between what two runs of a flow recorded: the first execution with both outcomes, and each node. */
export function Compare({ run, doc, other, onOther, onSelect }: Props) {
  const now = useNow(60_000);
  const c = useComparison(run, other, true);
  const runs = useQuery({
    queryKey: ['runs-of', run.flow],
    staleTime: 30_000,
    queryFn: () => must(api.GET('/api/v1/runs', { params: { query: { flow: run.flow, limit: 50 } } })),
  });
  const choices = (runs.data?.items ?? []).filter((r) => r.id !== run.id).map((r) => ({ value: r.id, label: `${r.id} · ${r.status} · ${ago(r.created, now)}` }));
  if (other && !choices.some((o) => o.value === other)) choices.unshift({ value: other, label: other });
  return (
    <Stack gap="sm" p="sm">
      <Select
        size="xs"
        label="Compare with"
        placeholder="The last run before it that was done"
        data={choices}
        value={other ?? null}
        onChange={(v) => onOther(v ?? undefined)}
        clearable
        searchable
        maw={460}
        nothingFoundMessage="The flow has no other run"
      />
      {c.error ? (
        <Wrong error={c.error} again={() => void c.refetch()} />
      ) : c.isPending ? (
        <Loading />
      ) : !c.data.with ? (
        <Empty title="There is no run to compare with">No run of this flow before it was done. Choose another one above.</Empty>
      ) : (
        <Result c={c.data} doc={doc} onSelect={onSelect} />
      )}
    </Stack>
  );
}

function Result({ c, doc, onSelect }: { c: Comparison; doc: FlowDoc; onSelect: Props['onSelect'] }) {
  const title = (id: string) => doc.nodes.find((n) => n.id === id)?.title ?? id;
  return (
    <>
      <Text size="sm" component="div">
        With <Link to="/runs/$id" params={{ id: c.with ?? '' }} className="mono">{c.with}</Link>, which is {c.with_status}.
        {c.same_version ? '' : ' It executed another version of the flow.'}
        {c.same_input ? '' : ' Its inputs were others.'}
      </Text>
      {c.first ? (
        <section aria-label="The first difference">
          <Text fw={600} size="sm" component="div">
            Differs first at <button type="button" className="as-link" onClick={() => c.first && onSelect(c.first.node, c.first.path)}>{title(c.first.node)}</button> <span className="mono">{c.first.path}</span>
          </Text>
          <Outcomes here={c.first.here} there={c.first.there} />
        </section>
      ) : (
        <Text size="sm">{c.executions === 0 ? 'Neither recorded anything.' : `All ${c.executions.toLocaleString('en')} recorded executions came out the same. Steps that only compute are not recorded and not compared.`}</Text>
      )}
      {(c.nodes ?? []).length > 0 && (
        <Table.ScrollContainer minWidth={420}>
          <Table verticalSpacing={6} horizontalSpacing="sm" fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Node</Table.Th>
                <Table.Th>Outcome</Table.Th>
                <Table.Th>Executions</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {(c.nodes ?? []).slice(0, 500).map((n) => {
                const [color, word] = looks[n.state] ?? ['gray', n.state];
                return (
                  <Table.Tr key={n.node}>
                    <Table.Td><button type="button" className="as-link" onClick={() => onSelect(n.node, n.path)}>{title(n.node)}</button></Table.Td>
                    <Table.Td><Badge color={color} variant="light" size="sm" radius="sm" tt="none" className="status" data-color={color}>{word}</Badge></Table.Td>
                    <Table.Td>{[n.same && `${n.same} same`, n.differs && `${n.differs} differ`, n.only_here && `${n.only_here} only here`, n.only_there && `${n.only_there} only there`].filter(Boolean).join(', ')}</Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {(c.more === true || (c.nodes ?? []).length > 500) && <Text size="xs" c="dimmed">These are the first nodes of more.</Text>}
    </>
  );
}

function textOf(o: Outcome): string {
  if (o.missing) return '';
  if (o.failure) return `failed: ${o.failure.message}`;
  if (o.digest) return `(${(o.size ?? 0).toLocaleString('en')} bytes, ${o.digest.slice(0, 16)}…)`;
  return JSON.stringify(o.output ?? null, null, 2);
}

/** Two outcomes, line by line. */
function Outcomes({ here, there }: { here: Outcome; there: Outcome }) {
  const lines = fold(diff(textOf(there), textOf(here)));
  const sign = { same: ' ', here: '+', there: '−' };
  return (
    <>
      <Group gap="md" my={4}>
        <Text size="xs" className="diff-there">− {there.missing ? 'the other run recorded nothing of it' : 'the other run'}</Text>
        <Text size="xs" className="diff-here">+ {here.missing ? 'this run recorded nothing of it' : 'this run'}</Text>
      </Group>
      <div className="json diff" tabIndex={0} role="group" aria-label="What differs">
        {lines.map((l, i) =>
          typeof l === 'number' ? (
            <div key={i} className="diff-fold">{l} lines are the same</div>
          ) : (
            <div key={i} className={`diff-${l.kind}`}>{sign[l.kind]} {l.text}</div>
          ),
        )}
      </div>
    </>
  );
}
