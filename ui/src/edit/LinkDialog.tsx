import { Button, Group, Modal, Select, Stack } from '@mantine/core';
import { useState } from 'react';

import { useCatalog } from './catalog';
import type { Actions } from './canvas/actions';

/** Asks what a node leads to: drawing a wire without a mouse. */
export function LinkDialog({ from, actions, onClose }: { from: string | null; actions: Actions; onClose: () => void }) {
  return (
    <Modal opened={from !== null} onClose={onClose} title={from === null ? '' : `Connect ${actions.title(from)}`} padding="md" returnFocus={false} transitionProps={{ duration: 0 }} closeButtonProps={{ 'aria-label': 'Close' }}>
      {from !== null && <Form key={from} from={from} actions={actions} onClose={onClose} />}
    </Modal>
  );
}

function Form({ from, actions, onClose }: { from: string; actions: Actions; onClose: () => void }) {
  const catalog = useCatalog();
  const { flow } = actions;
  const node = flow.byId.get(from);
  const ports = node ? catalog.ports(node, flow).map((p) => p.name) : ['next'];
  const [port, setPort] = useState(ports.find((p) => p !== 'error' && !flow.edges.some((e) => e.from === from && (e.port || 'next') === p)) ?? ports[0] ?? 'next');
  const [to, setTo] = useState<string | null>(null);
  const now = flow.edges.filter((e) => e.from === from && (e.port || 'next') === port).map((e) => actions.title(e.to)).join(', ');
  return (
    <form onSubmit={(e) => {
      e.preventDefault();
      if (!to) return;
      actions.connect({ from, port, to });
      onClose();
      actions.focus(from);
    }}>
      <Stack>
        {ports.length > 1 && <Select label="From its port" data={ports} value={port} onChange={(v) => v && setPort(v)} allowDeselect={false} />}
        <Select
          data-autofocus
          label="To the node"
          description={now ? `It leads to ${now} now.` : undefined}
          searchable
          data={flow.nodes.filter((n) => n.id !== from).map((n) => ({ value: n.id, label: n.title === n.id ? n.id : `${n.title} (${n.id})` }))}
          value={to}
          onChange={setTo}
          nothingFoundMessage="There is no such node"
        />
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={!to}>Connect</Button>
        </Group>
      </Stack>
    </form>
  );
}
