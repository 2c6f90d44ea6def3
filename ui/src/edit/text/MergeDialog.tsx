import { Alert, Button, Group, Modal, ScrollArea, Stack, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { stringify } from 'yaml';

import { When } from '../../parts/When';
import { merge, Unreadable, type Conflict, type Merge } from '../merge';
import type { Model } from '../model';

/** A version that somebody else has saved. */
export interface Other {
  digest: string;
  text: string;
  tag: string;
  file: string;
  author?: string;
  message?: string;
  created?: string;
}

interface Props {
  model: Model;
  theirs: Other;
  onClose: () => void;
  onMerged: () => void;
}

const show = (v: unknown) => (v === undefined ? '(taken out)' : typeof v === 'string' ? v : stringify(v, { lineWidth: 0 }).trimEnd());

/** Puts two flows together that were made of one: what both have changed is chosen here. */
export function MergeDialog({ model, theirs, onClose, onMerged }: Props) {
  const [mine, setMine] = useState<Record<number, boolean | undefined>>({});
  const [text] = useState(() => model.text());
  const [result, wrong] = useMemo((): [Merge | null, string] => {
    try {
      return [merge(model.base.text, text, theirs.text.replaceAll('\r\n', '\n')), ''];
    } catch (e) {
      if (!(e instanceof Unreadable)) throw e;
      return [null, e.message];
    }
  }, [model, text, theirs]);
  const open = result?.conflicts.filter((_, i) => mine[i] === undefined).length ?? 0;
  const take = () => {
    if (!result) return;
    const merged = result.text((i) => mine[i] === true);
    model.merged({ digest: theirs.digest, text: theirs.text, tag: theirs.tag, file: theirs.file }, merged);
    onMerged();
  };
  return (
    <Modal opened onClose={onClose} size="lg" closeButtonProps={{ 'aria-label': 'Close' }} title="Somebody else has saved this flow meanwhile" scrollAreaComponent={ScrollArea.Autosize}>
      <Stack>
        <Text size="sm">
          {theirs.author || 'Somebody'} saved a version{theirs.created && <> <When at={theirs.created} /></>}{theirs.message ? `: ${theirs.message}` : '.'}
        </Text>
        {wrong && <Alert color="orange" title="The two cannot be put together yet">{wrong}. Mend it, and save again.</Alert>}
        {result && result.conflicts.length === 0 && <Text size="sm">Nothing was changed by both. The changes of both go into your text.</Text>}
        {result && result.conflicts.length > 0 && <Text size="sm">The changes of both go into your text. {result.conflicts.length === 1 ? 'One place was' : `${result.conflicts.length} places were`} changed by both: choose what is to stand there.</Text>}
        {result?.conflicts.map((c, i) => <Choice key={i} conflict={c} mine={mine[i]} onChoose={(v) => setMine((m) => ({ ...m, [i]: v }))} />)}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Not now</Button>
          <Button disabled={!result || open > 0} onClick={take}>{open > 0 ? `${open} to choose` : 'Put them together'}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Choice({ conflict: c, mine, onChoose }: { conflict: Conflict; mine?: boolean; onChoose: (mine: boolean) => void }) {
  const name = c.node ? `${c.node}: ${c.what}` : c.what;
  const side = (label: string, value: unknown, is: boolean) => (
    <button
      type="button"
      role="radio"
      className="merge-side"
      aria-checked={mine === is}
      tabIndex={mine === is || (mine === undefined && is) ? 0 : -1}
      onClick={() => onChoose(is)}
      onKeyDown={(e) => {
        if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].includes(e.key)) return;
        e.preventDefault();
        onChoose(!is);
        const other = is ? e.currentTarget.nextElementSibling : e.currentTarget.previousElementSibling;
        if (other instanceof HTMLElement) other.focus();
      }}
    >
      <Text size="xs" fw={600}>{label}</Text>
      <pre>{show(value)}</pre>
    </button>
  );
  return (
    <div>
      <Text size="sm" fw={600} className="mono" mb={4}>{name}</Text>
      <div className="merge-choice" role="radiogroup" aria-label={name}>
        {side('Mine', c.mine, true)}
        {side('Theirs', c.theirs, false)}
      </div>
      <Text size="xs" c="dimmed" mt={2}>Before: <span className="mono">{show(c.base).slice(0, 200)}</span></Text>
    </div>
  );
}
