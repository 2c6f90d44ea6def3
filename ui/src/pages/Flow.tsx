import { Badge, Button, Card, CloseButton, Group, Menu, Stack, Tabs, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconChevronDown } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useMemo, useState } from 'react';

import '../run/run.css';
import { api, must } from '../api/client';
import { Canvas } from '../canvas/Canvas';
import { readFlow } from '../canvas/flow';
import { useMay } from '../parts/may';
import { Json } from '../parts/Json';
import { Loading, Wrong } from '../parts/Notice';
import { When } from '../parts/When';
import { Grid } from '../run/Grid';
import { NodeList } from '../run/NodeList';
import { Start } from '../run/Start';

const FlowText = lazy(() => import('../canvas/FlowText'));

/** A flow: its graph and its text, its versions, and where it is started. */
export default function Flow() {
  const { name } = useParams({ from: '/inside/flows/$name' });
  const { version = 'draft', node } = useSearch({ from: '/inside/flows/$name' });
  const go = useNavigate({ from: '/flows/$name' });
  const queries = useQueryClient();
  const may = useMay();
  const info = useQuery({ queryKey: ['flow', name], queryFn: () => must(api.GET('/api/v1/flows/{name}', { params: { path: { name } } })) });
  const shown = useQuery({ queryKey: ['version', name, version], queryFn: () => must(api.GET('/api/v1/flows/{name}/versions/{version}', { params: { path: { name, version } } })) });
  const versions = useQuery({ queryKey: ['versions', name], queryFn: () => must(api.GET('/api/v1/flows/{name}/versions', { params: { path: { name }, query: { limit: 50 } } })) });
  const doc = useMemo(() => readFlow(shown.data?.flow), [shown.data]);
  const select = useCallback((id: string | undefined) => void go({ search: (s) => ({ ...s, node: id }), replace: true }), [go]);
  const chosen = doc.nodes.find((n) => n.id === node);
  const [starting, setStarting] = useState(false);
  const promote = useMutation({
    mutationFn: () => must(api.POST('/api/v1/flows/{name}/promote', { params: { path: { name } }, body: { version: shown.data?.digest } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['flow', name] });
      notifications.show({ color: 'green', message: 'This version is what production runs now.' });
    },
    onError: (e) => notifications.show({ color: 'red', title: 'It was not promoted', message: e.message }),
  });
  if (info.error) return <Wrong error={info.error} again={() => void info.refetch()} />;
  if (shown.error) return <Wrong error={shown.error} again={() => void shown.refetch()} />;
  if (!info.data || !shown.data) return <Loading />;
  const digest = shown.data.digest;
  return (
    <Stack gap="md">
      <Group justify="space-between" align="start">
        <Stack gap={2}>
          <Group gap="sm">
            <Title order={1} size="h2">{name}</Title>
            {digest === info.data.draft && <Badge variant="light" radius="sm" tt="none" className="status" data-color="indigo">draft</Badge>}
            {digest === info.data.production && <Badge variant="light" color="green" radius="sm" tt="none" className="status" data-color="green">production</Badge>}
          </Group>
          {doc.description && <Text size="sm" maw={720}>{doc.description}</Text>}
          <Text size="sm" c="dimmed"><span className="mono">{digest.slice(0, 12)}</span> · {doc.nodes.length} nodes · <Link to="/runs" search={{ flow: name }}>its runs</Link></Text>
        </Stack>
        <Group gap="xs">
          <Menu position="bottom-end">
            <Menu.Target><Button variant="default" rightSection={<IconChevronDown size={16} aria-hidden />}>Versions</Button></Menu.Target>
            <Menu.Dropdown mah={400} className="scroll">
              <Menu.Item renderRoot={(p) => <Link {...p} to="/flows/$name/versions" params={{ name }} />}>Compare, restore…</Menu.Item>
              <Menu.Divider />
              {(versions.data?.items ?? []).map((v) => (
                <Menu.Item key={v.digest} onClick={() => void go({ search: { version: v.digest } })}>
                  <span className="mono">{v.digest.slice(0, 12)}</span> <Text span size="xs" c="dimmed"><When at={v.created} /></Text>
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          {may('flows.promote') && digest !== info.data.production && <Button variant="default" loading={promote.isPending} onClick={() => promote.mutate()}>Promote to production</Button>}
          {may('flows.write') && <Button variant="default" renderRoot={(p) => <Link {...p} to="/flows/$name/edit" params={{ name }} />}>Edit</Button>}
          {may('runs.write') && <Button onClick={() => setStarting(true)}>Run…</Button>}
        </Group>
      </Group>
      <div className="flow-grid" data-open={!!chosen || undefined}>
        <Card withBorder radius="md" padding={0} className="flow-canvas">
          <Tabs defaultValue="graph" keepMounted={false} h="100%" className="run-tabs">
            <Tabs.List>
              <Tabs.Tab value="graph">Graph</Tabs.Tab>
              <Tabs.Tab value="list">List</Tabs.Tab>
              <Tabs.Tab value="text">Text</Tabs.Tab>
              <Tabs.Tab value="runs">Runs</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="graph" className="run-tab"><Canvas doc={doc} selected={node} onSelect={select} /></Tabs.Panel>
            <Tabs.Panel value="list" className="run-tab scroll"><NodeList doc={doc} selected={node} onSelect={select} /></Tabs.Panel>
            <Tabs.Panel value="text" className="run-tab scroll"><Suspense fallback={<Loading />}><FlowText text={shown.data.text} label={`Text of ${name}`} /></Suspense></Tabs.Panel>
            <Tabs.Panel value="runs" className="run-tab"><Grid name={name} doc={doc} /></Tabs.Panel>
          </Tabs>
        </Card>
        {chosen && (
          <Card withBorder radius="md" component="section" aria-label={`Node ${chosen.title}`} className="scroll">
            <Group justify="space-between" wrap="nowrap" align="start" mb="sm">
              <div>
                <Title order={2} size="h5">{chosen.title}</Title>
                <Text size="xs" c="dimmed" className="mono">{chosen.id} · {chosen.type}</Text>
              </div>
              <CloseButton aria-label="Close" onClick={() => select(undefined)} />
            </Group>
            <Json value={chosen.raw} label="The node" />
          </Card>
        )}
      </div>
      <Start doc={doc} name={name} version={version} opened={starting} onClose={() => setStarting(false)} />
    </Stack>
  );
}
