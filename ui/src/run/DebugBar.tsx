import './debug.css';

import { ActionIcon, Button, Group, Kbd, Select, Table, Text, TextInput, Title, Tooltip } from '@mantine/core';
import { IconArrowBarToDown, IconArrowBarToUp, IconArrowForward, IconPencil, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useState, type ReactNode } from 'react';

import { api, must, type Run } from '../api/client';
import { useMay } from '../parts/may';
import { commandOf, inBrowser, shortly, type Command, type PausedLine, type ShownValue } from './paused';

const whys: Record<string, string> = { breakpoint: 'at a breakpoint', step: 'after a step', pause: 'because somebody asked for it' };
const i = { size: 15, 'aria-hidden': true } as const;
const commands: { command: Command; label: string; doc: string; keys: string[]; icon: ReactNode }[] = [
  { command: 'continue', label: 'Continue', doc: 'Go on to the next breakpoint', keys: ['F8'], icon: <IconPlayerPlay {...i} /> },
  { command: 'over', label: 'Step over', doc: 'Go on to the next node of the same level', keys: ['F10'], icon: <IconArrowForward {...i} /> },
  { command: 'into', label: 'Into', doc: 'Go on to the next node, wherever it is', keys: ['F11'], icon: <IconArrowBarToDown {...i} /> },
  { command: 'out', label: 'Out', doc: 'Go on to the node behind the block', keys: ['Shift', 'F11'], icon: <IconArrowBarToUp {...i} /> },
  { command: 'stop', label: 'Stop', doc: 'Cancel the run', keys: [], icon: <IconPlayerStop {...i} /> },
];

/** How long a run may take to do what it is told before it may be told something else. */
const patience = 20_000;

interface Props {
  run: Run;
  /** What is paused: one line, or several that run beside each other. */
  paused: PausedLine[];
  /** Called when the run was told something. */
  onTold: () => void;
}

/** Where a run is paused, with its variables there, and what it can be told. */
export function DebugBar({ run, paused, onTold }: Props) {
  const may = useMay();
  const [chosen, choose] = useState<string>();
  const line = paused.find((p) => p.path === chosen) ?? paused[0];
  const [told, setTold] = useState('');
  const send = useMutation({
    mutationFn: (what: { at: string; mark: string; command: Command | 'stay'; set?: Record<string, unknown> }) =>
      must(api.POST('/api/v1/runs/{id}/debug', { params: { path: { id: run.id } }, body: { command: what.command, at: what.at, set: what.set } })),
    onSuccess: (_, what) => {
      setTold(what.mark);
      onTold();
    },
  });
  const mark = line ? `${line.path} ${line.paused.told}` : '';
  const busy = send.isPending || (!!line && told === mark);
  const tell = (command: Command | 'stay', set?: Record<string, unknown>) => {
    if (line && !busy && may('runs.write')) send.mutate({ at: line.path, mark, command, set });
  };
  // What the run refuses leaves it where it is; its journal says why.
  useEffect(() => {
    if (!told) return;
    const later = setTimeout(() => setTold(''), patience);
    return () => clearTimeout(later);
  }, [told]);
  const onKey = useEffectEvent((e: KeyboardEvent) => {
    const command = commandOf(e);
    if (!command || inBrowser(e) || document.querySelector('[role="dialog"]')) return;
    e.preventDefault();
    tell(command);
  });
  useEffect(() => {
    const listen = (e: KeyboardEvent) => onKey(e);
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
  if (!line) return null;
  const { paused: at } = line;
  return (
    <section className="debug" aria-label="Paused run">
      <div className="debug-head">
        <div className="debug-where">
          <Title order={2} size="h6">Paused before <span className="mono">{line.path}</span></Title>
          <Text size="xs" c="dimmed" role="status">{busy && !send.isPending ? 'It goes on…' : `${whys[at.why] ?? at.why}${at.note ? `; ${at.note}` : ''}`}</Text>
        </div>
        {paused.length > 1 && <Select size="xs" aria-label="Paused lines" className="debug-lines" allowDeselect={false} data={paused.map((p) => p.path)} value={line.path} onChange={(v) => choose(v ?? undefined)} />}
        <Group gap={6} role="group" aria-label="What the run is to do">
          {may('runs.write') && commands.map((c) => (
            <Tooltip key={c.command} openDelay={400} label={<>{c.doc} {c.keys.map((k) => <Kbd key={k} size="xs" ml={4}>{k}</Kbd>)}</>}>
              <Button size="compact-sm" variant={c.command === 'continue' ? 'filled' : 'default'} color={c.command === 'stop' ? 'red' : undefined} leftSection={c.icon} aria-keyshortcuts={c.keys.join('+') || undefined} disabled={busy} onClick={() => tell(c.command)}>{c.label}</Button>
            </Tooltip>
          ))}
        </Group>
      </div>
      {send.error && <Text size="sm" c="red" role="alert">{send.error.message}</Text>}
      <div className="debug-values">
        <Values title="Variables" empty="The flow has no variables." of={at.vars} onSet={may('runs.debug') && may('runs.write') && !busy ? (name, value) => tell('stay', { [name]: value }) : undefined} />
        <Values title={`What ${at.node} gets`} empty="It takes nothing." of={{ ...at.input, ...(at.loop ? { 'loop (this turn)': at.loop } : {}) }} />
      </div>
    </section>
  );
}

function Values({ title, empty, of, onSet }: { title: string; empty: string; of: Record<string, ShownValue>; onSet?: (name: string, value: unknown) => void }) {
  const names = Object.keys(of).sort();
  return (
    <div>
      <Text size="xs" fw={600} mb={2}>{title}</Text>
      {names.length === 0 ? <Text size="xs" c="dimmed">{empty}</Text> : (
        <Table verticalSpacing={3} aria-label={title}>
          <Table.Tbody>
            {names.map((name) => <Row key={name} name={name} shown={of[name] ?? {}} onSet={onSet && ((v) => onSet(name, v))} />)}
          </Table.Tbody>
        </Table>
      )}
    </div>
  );
}

function Row({ name, shown, onSet }: { name: string; shown: ShownValue; onSet?: (value: unknown) => void }) {
  const [text, setText] = useState<string>();
  const [bad, setBad] = useState('');
  const written = shortly(shown);
  const close = () => {
    setText(undefined);
    setBad('');
  };
  const save = () => {
    try {
      onSet?.(JSON.parse(text ?? '') as unknown);
      close();
    } catch {
      setBad('This is no JSON. Text stands in quotes, as "text".');
    }
  };
  return (
    <Table.Tr>
      <Table.Th className="debug-name">{name}</Table.Th>
      <Table.Td>
        {text === undefined || !onSet ? (
          <span className="debug-value mono" data-error={!!shown.error || undefined} title={written}>{written}</span>
        ) : (
          <form onSubmit={(e) => {
            e.preventDefault();
            save();
          }}>
            <Group gap={6} align="start">
              <TextInput size="xs" flex="1 1 140px" aria-label={`New value of ${name}, as JSON`} classNames={{ input: 'mono' }} value={text} error={bad || undefined} autoFocus onFocus={(e) => e.currentTarget.select()} onChange={(e) => setText(e.currentTarget.value)} onKeyDown={(e) => {
                if (e.key !== 'Escape') return;
                e.stopPropagation();
                close();
              }} />
              <Button size="compact-sm" type="submit">Set</Button>
              <Button size="compact-sm" variant="default" onClick={close}>Leave it</Button>
            </Group>
          </form>
        )}
      </Table.Td>
      {onSet && (
        <Table.Td w={34}>
          {text === undefined && <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Change ${name}`} title="Change it" onClick={() => setText(shown.cut || shown.error ? '' : JSON.stringify(shown.value))}><IconPencil size={14} aria-hidden /></ActionIcon>}
        </Table.Td>
      )}
    </Table.Tr>
  );
}
