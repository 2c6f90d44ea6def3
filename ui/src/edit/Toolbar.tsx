import { ActionIcon, Divider, Menu, SegmentedControl, Tooltip } from '@mantine/core';
import { IconArrowBackUp, IconArrowForwardUp, IconCircleDot, IconColumns2, IconCopy, IconFrame, IconHelp, IconLayoutAlignLeft, IconLayoutSidebar, IconNote, IconPlus, IconRouteAltLeft, IconSitemap, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import type { Side } from './canvas/places';

const sides: [Side, string][] = [
  ['left', 'Left edges'],
  ['center', 'Centres, on a vertical line'],
  ['right', 'Right edges'],
  ['top', 'Upper edges'],
  ['middle', 'Centres, on a horizontal line'],
  ['bottom', 'Lower edges'],
  ['across', 'Space evenly across'],
  ['down', 'Space evenly down'],
];

export type Shown = 'canvas' | 'list' | 'text';

interface Props {
  undo?: string;
  redo?: string;
  chosen: number;
  nodes: number;
  shown: Shown;
  split: boolean;
  palette: boolean;
  dataWires: boolean;
  on: {
    undo: () => void;
    redo: () => void;
    add: () => void;
    remove: () => void;
    duplicate: () => void;
    align: (s: Side) => void;
    layout: () => void;
    note: () => void;
    frame: () => void;
    keys: () => void;
    stop: () => void;
    show: (s: Shown) => void;
    split: () => void;
    palette: () => void;
    dataWires: () => void;
  };
}

function Tool({ label, keys, disabled, pressed, onClick, children }: { label: string; keys?: string; disabled?: boolean; pressed?: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={keys ? `${label} (${keys})` : label} openDelay={400}>
      <ActionIcon variant={pressed ? 'light' : 'subtle'} color={pressed ? 'indigo' : 'gray'} size="lg" aria-label={label} aria-pressed={pressed} disabled={disabled} onClick={onClick}>{children}</ActionIcon>
    </Tooltip>
  );
}

/** The tools of the editor. */
export function Toolbar({ undo, redo, chosen, nodes, shown, split, palette, dataWires, on }: Props) {
  const i = { size: 18, 'aria-hidden': true } as const;
  return (
    <div className="edit-tools" id="edit-tools" role="toolbar" aria-label="Tools">
      <Tool label="Nodes to drag" pressed={palette} onClick={on.palette}><IconLayoutSidebar {...i} /></Tool>
      <Tool label="Add a node" keys="Tab" onClick={on.add}><IconPlus {...i} /></Tool>
      <Divider orientation="vertical" mx={4} />
      <Tool label={undo ? `Undo: ${undo}` : 'Undo'} keys="Ctrl+Z" disabled={!undo} onClick={on.undo}><IconArrowBackUp {...i} /></Tool>
      <Tool label={redo ? `Redo: ${redo}` : 'Redo'} keys="Ctrl+Y" disabled={!redo} onClick={on.redo}><IconArrowForwardUp {...i} /></Tool>
      <Divider orientation="vertical" mx={4} />
      <Tool label="Duplicate" keys="Ctrl+D" disabled={!chosen} onClick={on.duplicate}><IconCopy {...i} /></Tool>
      <Tool label="Remove" keys="Delete" disabled={!chosen} onClick={on.remove}><IconTrash {...i} /></Tool>
      <Menu position="bottom-start">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Align" title="Align" disabled={chosen < 2}><IconLayoutAlignLeft {...i} /></ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {sides.map(([s, label]) => <Menu.Item key={s} onClick={() => on.align(s)}>{label}</Menu.Item>)}
        </Menu.Dropdown>
      </Menu>
      <Tool label="Group what is chosen" keys="G" disabled={!chosen} onClick={on.frame}><IconFrame {...i} /></Tool>
      <Tool label="Add a note" keys="N" onClick={on.note}><IconNote {...i} /></Tool>
      <Tool label="Lay out" disabled={!nodes} onClick={on.layout}><IconSitemap {...i} /></Tool>
      <Tool label="Show what reads what" pressed={dataWires} onClick={on.dataWires}><IconRouteAltLeft {...i} /></Tool>
      <Tool label="Breakpoint at what is chosen" keys="B" disabled={chosen !== 1} onClick={on.stop}><IconCircleDot {...i} /></Tool>
      <Tool label="Keys" keys="?" onClick={on.keys}><IconHelp {...i} /></Tool>
      <Divider orientation="vertical" mx={4} />
      <SegmentedControl
        size="xs"
        aria-label="How the flow is shown"
        value={shown}
        onChange={(v) => on.show(v as Shown)}
        data={[{ value: 'canvas', label: 'Canvas' }, { value: 'list', label: 'List' }, { value: 'text', label: 'Text' }]}
      />
      {shown !== 'text' && <Tool label="Text beside" pressed={split} onClick={on.split}><IconColumns2 {...i} /></Tool>}
    </div>
  );
}
