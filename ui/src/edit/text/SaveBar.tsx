import './text.css';

import { Button, Group, Popover, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDeviceFloppy, IconHistory, IconRocket } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { api, must, Problem } from '../../api/client';
import { useModel, type Model } from '../model';
import { MergeDialog, type Other } from './MergeDialog';
import { save } from './save';

/** Whether the flow is saved and what production runs, and the buttons that save it and put it there. */
export function SaveBar({ model, name }: { model: Model; name?: string }) {
  useModel(model);
  const queries = useQueryClient();
  const go = useNavigate();
  const [asking, setAsking] = useState(false);
  const [message, setMessage] = useState('');
  const [other, setOther] = useState<Other | null>(null);
  const info = useQuery({ queryKey: ['flow', name], enabled: name !== undefined, queryFn: () => must(api.GET('/api/v1/flows/{name}', { params: { path: { name: name ?? '' } } })) });
  const checked = model.checked();
  const current = checked?.text === model.text() ? checked : null;
  const errors = current?.problems.filter((p) => p.severity === 'error').length ?? 0;
  const changed = model.text() !== model.base.text || !model.base.digest;
  const text = model.flow().name;
  const elsewhere = text !== '' && text !== name;

  const push = useMutation({
    mutationFn: (said: string) => save(model, name, said),
    onSuccess: async (saved) => {
      setAsking(false);
      setMessage('');
      await Promise.all([['flow', saved.name], ['flows'], ['versions', saved.name], ['version', saved.name], ['pushes', saved.name]].map((queryKey) => queries.invalidateQueries({ queryKey })));
      notifications.show({ color: 'green', message: `Saved as the draft of ${saved.name}.` });
      if (saved.name !== name) void go({ to: '/flows/$name/edit', params: { name: saved.name } });
    },
    onError: async (e) => {
      setAsking(false);
      if (e instanceof Problem && e.status === 412) return void (await meet());
      notifications.show({ color: 'red', title: 'It was not saved', message: [e.message, ...(e instanceof Problem ? e.details.map((d) => d.message).slice(0, 3) : [])].join('\n'), autoClose: 12_000 });
    },
  });
  /** Looks at what somebody else has saved meanwhile. */
  const meet = async () => {
    const of = elsewhere ? text : (name ?? text);
    try {
      const theirs = await must(api.GET('/api/v1/flows/{name}/versions/{version}', { params: { path: { name: of, version: 'draft' } } }));
      if (name === undefined || elsewhere) notifications.show({ color: 'red', title: 'It was not saved', message: `There is a flow ${of} already: give this one another name.`, autoClose: 12_000 });
      else setOther(theirs);
    } catch (e) {
      notifications.show({ color: 'red', title: 'It was not saved', message: e instanceof Error ? e.message : String(e) });
    }
  };
  const promote = useMutation({
    mutationFn: () => must(api.POST('/api/v1/flows/{name}/promote', { params: { path: { name: name ?? '' } }, body: { version: model.base.digest } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['flow', name] });
      notifications.show({ color: 'green', message: 'The saved version is what production runs now.' });
    },
    onError: (e) => notifications.show({ color: 'red', title: 'It was not promoted', message: e.message }),
  });

  const busy = push.isPending;
  const submit = () => {
    if (!busy && changed) push.mutate(message);
  };
  const latest = useRef(submit);
  useEffect(() => {
    latest.current = submit;
  });
  useEffect(() => {
    const keys = (e: KeyboardEvent) => {
      if (!(e.ctrlKey || e.metaKey) || e.key.toLowerCase() !== 's') return;
      e.preventDefault();
      latest.current();
    };
    window.addEventListener('keydown', keys);
    return () => window.removeEventListener('keydown', keys);
  }, []);

  const production = info.data?.production;
  const state = model.broken() || errors ? 'broken' : changed ? 'dirty' : 'saved';
  const words = model.broken() ? 'Cannot be read' : errors ? `${errors} ${errors === 1 ? 'problem' : 'problems'} to mend` : !changed ? 'Saved' : model.dirty() ? 'Not saved' : 'Only layout or comments not saved';
  const inProduction = !!production && current?.digest === production;
  return (
    <div className="save-bar">
      <span className="save-state" data-state={state} role="status"><span className="save-dot" aria-hidden />{words}{name !== undefined && !errors && current && <> · {inProduction ? 'in production' : production ? 'differs from production' : 'nothing in production'}</>}</span>
      <Popover opened={asking} onChange={setAsking} position="bottom-end" width={320} trapFocus withArrow>
        <Popover.Target>
          <Button.Group>
            <Tooltip label="Ctrl+S" openDelay={400}><Button size="xs" leftSection={<IconDeviceFloppy size={16} aria-hidden />} loading={busy} disabled={!changed} onClick={submit}>{elsewhere && name !== undefined ? `Save as ${text}` : 'Save'}</Button></Tooltip>
            <Button size="xs" variant="default" disabled={!changed || busy} aria-label="Save with a message" onClick={() => setAsking(true)}>…</Button>
          </Button.Group>
        </Popover.Target>
        <Popover.Dropdown>
          <form onSubmit={(e) => {
            e.preventDefault();
            submit();
          }}>
            <Stack gap="xs">
              <TextInput label="What is different" description="For the list of versions; it may stay empty." value={message} maxLength={2000} data-autofocus onChange={(e) => setMessage(e.target.value)} />
              <Group justify="end"><Button type="submit" size="xs" loading={busy}>Save</Button></Group>
            </Stack>
          </form>
        </Popover.Dropdown>
      </Popover>
      {name !== undefined && (
        <>
          <Button size="xs" variant="default" leftSection={<IconRocket size={16} aria-hidden />} loading={promote.isPending} disabled={changed || !model.base.digest || model.base.digest === production} onClick={() => promote.mutate()}>Promote</Button>
          <Button size="xs" variant="subtle" leftSection={<IconHistory size={16} aria-hidden />} renderRoot={(props) => <Link {...props} to="/flows/$name/versions" params={{ name }} />}>Versions</Button>
        </>
      )}
      {elsewhere && name !== undefined && <Text size="xs" c="dimmed">The text names another flow: saving makes {text}, and {name} stays as it is.</Text>}
      {other && (
        <MergeDialog
          model={model}
          theirs={other}
          onClose={() => setOther(null)}
          onMerged={() => {
            setOther(null);
            notifications.show({ color: 'blue', message: 'Both are in the text now. Look at it, then save.' });
          }}
        />
      )}
    </div>
  );
}
