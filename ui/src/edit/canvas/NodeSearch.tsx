import { Modal, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';

import { recentTypes, useCatalog, type NodeType } from '../catalog';
import { FamilyIcon } from './icons';

/** The first sentence of a doc. */
export const brief = (doc: string): string => /^.*?[.!?](?=\s|$)/.exec(doc)?.[0] ?? doc;

/** A search for a type of node, by title, type and doc; what was used last comes first. */
export function NodeSearch({ opened, title, onPick, onClose }: { opened: boolean; title: string; onPick: (type: string) => void; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={580} padding="sm" yOffset="8vh" returnFocus={false} transitionProps={{ duration: 0 }} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Search onPick={onPick} />
    </Modal>
  );
}

function Search({ onPick }: { onPick: (type: string) => void }) {
  const catalog = useCatalog();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const recent = useMemo(() => recentTypes(), []);
  const found = useMemo(() => catalog.search(text, recent), [catalog, text, recent]);
  const go = (i: number) => {
    const to = Math.max(0, Math.min(found.length - 1, i));
    setAt(to);
    list.current?.children[to]?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <>
      <TextInput
        data-autofocus
        leftSection={<IconSearch size={16} aria-hidden />}
        placeholder="What should happen? click, read csv, wait…"
        aria-label="Search for a node"
        role="combobox"
        aria-expanded
        aria-controls="node-search"
        aria-activedescendant={found[at] ? `node-search-${at}` : undefined}
        value={text}
        onChange={(e) => {
          setText(e.target.value);
          setAt(0);
        }}
        onKeyDown={(e) => {
          const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[e.key];
          if (step) {
            e.preventDefault();
            go(at + step);
          } else if (e.key === 'Enter' || e.key === 'Tab') {
            e.preventDefault();
            const n = found[at];
            if (n) onPick(n.type);
          }
        }}
      />
      <div id="node-search" role="listbox" aria-label="Node types" className="node-search" ref={list}>
        {found.map((n, i) => (
          <Option key={n.type} id={`node-search-${i}`} of={n} chosen={i === at} recent={!text && recent.includes(n.type)} onPick={() => onPick(n.type)} onOver={() => setAt(i)} />
        ))}
      </div>
      {found.length === 0 && <Text size="sm" c="dimmed" p="sm" role="status">{catalog.nodes.length ? 'No node fits these words.' : 'The nodes are being asked for.'}</Text>}
    </>
  );
}

function Option({ id, of, chosen, recent, onPick, onOver }: { id: string; of: NodeType; chosen: boolean; recent: boolean; onPick: () => void; onOver: () => void }) {
  return (
    <div id={id} role="option" aria-selected={chosen} className="node-option" onClick={onPick} onMouseMove={() => !chosen && onOver()}>
      <FamilyIcon type={of.type} />
      <div className="node-option-text">
        <div><b>{of.title}</b> <span className="mono node-option-type">{of.type}</span>{recent && <span className="node-option-recent">recent</span>}</div>
        <div className="node-option-doc">{brief(of.doc)}</div>
      </div>
    </div>
  );
}
