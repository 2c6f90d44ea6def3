import './edit.css';

import { Button, Group, Modal, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { api, must } from '../api/client';
import { Loading, Wrong } from '../parts/Notice';
import { useNodeTypes, type Catalog } from './catalog';
import { Editor } from './Editor';
import { keepText, keptText, type Kept } from './kept';
import { Model, type Base } from './model';
import { emptyFlow } from './ops';

/** The page on which a flow is built: what the draft is, or a new one. */
export default function EditPage() {
  const { name } = useParams({ strict: false }) as { name?: string };
  return name === undefined ? <NewFlow /> : <Draft key={name} name={name} />;
}

function Draft({ name }: { name: string }) {
  const types = useNodeTypes();
  // What it was opened from stays that until it is saved: another one's version is met when this one is.
  const draft = useQuery({
    queryKey: ['edit', name],
    queryFn: () => must(api.GET('/api/v1/flows/{name}/versions/{version}', { params: { path: { name, version: 'draft' } } })),
    staleTime: Infinity,
    gcTime: 0,
    retry: 1,
  });
  if (draft.error) return <Wrong error={draft.error} again={() => void draft.refetch()} />;
  if (types.error) return <Wrong error={types.error} again={types.again} />;
  if (!draft.data || !types.catalog) return <Loading />;
  const { digest, text, tag, file } = draft.data;
  return <Opened name={name} base={{ digest, text, tag, file }} catalog={types.catalog} />;
}

/** Asks first whether what was left unsaved is to be gone on with. */
function Opened({ name, base, catalog }: { name: string; base: Base; catalog: Catalog }) {
  const [first] = useState(() => base);
  const [kept, setKept] = useState<Kept | null>(() => {
    const k = keptText(name);
    return k && k.text !== first.text ? k : null;
  });
  const [model, setModel] = useState<Model | null>(() => (kept ? null : new Model(first)));
  if (model) return <Editor key={name} name={name} model={model} catalog={catalog} />;
  return (
    <Modal opened onClose={() => setModel(new Model(first))} withCloseButton={false} title="There are changes that were not saved" padding="md">
      <Stack>
        <Text size="sm">
          This browser has kept what you wrote in {name} and did not save.
          {kept?.digest !== first.digest && ' Somebody has pushed another version since; saving will put the two together.'}
        </Text>
        <Group justify="end">
          <Button variant="default" onClick={() => {
            keepText(name, null);
            setKept(null);
            setModel(new Model(first));
          }}>Discard them</Button>
          <Button data-autofocus onClick={() => setModel(new Model(first, kept?.text))}>Go on with them</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** A new flow begins with its name, which it is pushed by. */
function NewFlow() {
  const go = useNavigate();
  const types = useNodeTypes();
  const [name, setName] = useState('');
  const [model, setModel] = useState<Model | null>(null);
  const [taken, setTaken] = useState('');
  const flows = useQuery({ queryKey: ['flows', 'names'], queryFn: () => must(api.GET('/api/v1/flows', { params: { query: { limit: 500 } } })) });
  if (types.error) return <Wrong error={types.error} again={types.again} />;
  if (model && types.catalog) return <Editor name={name.trim()} fresh model={model} catalog={types.catalog} />;
  return (
    <Stack maw={520} mx="auto" mt="8vh">
      <Title order={1} size="h2">New flow</Title>
      <form onSubmit={(e) => {
        e.preventDefault();
        const n = name.trim();
        if (!n) return setTaken('Give the flow a name.');
        if (flows.data?.items?.some((f) => f.name === n)) return setTaken(`There is a flow ${n} already.`);
        setModel(new Model({ digest: '', text: '' }, keptText(n)?.text ?? emptyFlow(n)));
      }}>
        <Stack>
          <TextInput label="Name" description="What people and programs call it by, such as invoice intake." autoFocus value={name} maxLength={120} error={taken || undefined} onChange={(e) => {
            setName(e.target.value);
            setTaken('');
          }} />
          <Group justify="end">
            <Button variant="default" onClick={() => void go({ to: '/flows' })}>Cancel</Button>
            <Button type="submit">Build it</Button>
          </Group>
        </Stack>
      </form>
    </Stack>
  );
}
