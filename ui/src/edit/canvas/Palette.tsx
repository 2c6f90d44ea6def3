import { CloseButton, Group, Text, TextInput, Title } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useMemo, useState } from 'react';

import { recentTypes, useCatalog, type NodeType } from '../catalog';
import { FamilyIcon } from './icons';
import { brief } from './NodeSearch';

/** All node types, to be dragged onto the canvas or into a wire; a click adds one. */
export function Palette({ onPick, onClose }: { onPick: (type: string) => void; onClose: () => void }) {
  const catalog = useCatalog();
  const [text, setText] = useState('');
  const [open, setOpen] = useState<string | null>(null);
  const found = useMemo(() => (text.trim() ? catalog.search(text, [], 80) : []), [catalog, text]);
  const recent = useMemo(() => recentTypes().flatMap((t) => catalog.of(t) ?? []).slice(0, 5), [catalog]);
  const byFamily = useMemo(() => {
    const out = new Map<string, NodeType[]>();
    for (const n of catalog.nodes) out.set(n.family, [...(out.get(n.family) ?? []), n]);
    return out;
  }, [catalog]);
  return (
    <section className="palette" aria-label="Nodes to add">
      <Group justify="space-between" wrap="nowrap" p="xs" pb={6}>
        <Title order={2} size="h6">Nodes</Title>
        <CloseButton size="sm" aria-label="Close the nodes" onClick={onClose} />
      </Group>
      <TextInput mx="xs" mb="xs" size="xs" leftSection={<IconSearch size={14} aria-hidden />} aria-label="Filter the nodes" placeholder="Filter" value={text} onChange={(e) => setText(e.target.value)} />
      <div className="palette-list">
        {text.trim() ? (
          found.length ? found.map((n) => <Card key={n.type} of={n} onPick={onPick} />) : <Text size="sm" c="dimmed" p="xs">No node fits these words.</Text>
        ) : (
          <>
            {recent.length > 0 && <div className="palette-head">Recent</div>}
            {recent.map((n) => <Card key={n.type} of={n} onPick={onPick} />)}
            {catalog.families.map((f) => (
              <div key={f.name}>
                <button type="button" className="palette-family" aria-expanded={open === f.name} onClick={() => setOpen(open === f.name ? null : f.name)}>
                  <FamilyIcon type={f.name} size={16} /> {f.title} <span className="palette-count">{byFamily.get(f.name)?.length ?? 0}</span>
                </button>
                {open === f.name && byFamily.get(f.name)?.map((n) => <Card key={n.type} of={n} onPick={onPick} />)}
              </div>
            ))}
          </>
        )}
      </div>
    </section>
  );
}

function Card({ of, onPick }: { of: NodeType; onPick: (type: string) => void }) {
  return (
    <button type="button" className="palette-card" draggable title={`${of.type}: ${brief(of.doc)}`} onClick={() => onPick(of.type)} onDragStart={(e) => {
      e.dataTransfer.setData('application/x-aether-node', of.type);
      e.dataTransfer.effectAllowed = 'copy';
    }}>
      <FamilyIcon type={of.type} size={16} />
      <span className="clip">{of.title}</span>
    </button>
  );
}
