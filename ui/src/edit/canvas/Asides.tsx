import { NodeResizer, type Node, type NodeProps } from '@xyflow/react';
import { memo, useState } from 'react';

import type { At } from '../ops';

/** What notes and frames tell the canvas. */
export interface AsideDoor {
  text: (id: string, text: string) => void;
  size: (id: string, box: At & { width: number; height: number }) => void;
}
export type AsideData = { id: string; text: string; color: string; door: AsideDoor };
export type NoteType = Node<AsideData, 'note'>;
export type FrameType = Node<AsideData, 'frame'>;

function Resizer({ id, door, selected }: { id: string; door: AsideDoor; selected: boolean }) {
  return <NodeResizer isVisible={selected} minWidth={90} minHeight={50} onResizeEnd={(_, b) => door.size(id, b)} />;
}

/** A note that lies on the canvas: a double click or Enter writes it. */
export const NoteNode = memo(function NoteNode({ data, selected }: NodeProps<NoteType>) {
  const [writing, setWriting] = useState(false);
  const write = writing || (selected && !data.text);
  return (
    <div className="note" onDoubleClick={(e) => { e.stopPropagation(); setWriting(true); }}>
      <Resizer id={data.id} door={data.door} selected={selected} />
      {write ? (
        <textarea
          className="note-text nodrag nowheel"
          aria-label="Text of the note"
          placeholder="What should be known here?"
          autoFocus
          defaultValue={data.text}
          onBlur={(e) => { setWriting(false); data.door.text(data.id, e.target.value); }}
          onKeyDown={(e) => { e.stopPropagation(); if (e.key === 'Escape') e.currentTarget.blur(); }}
        />
      ) : (
        <div className="note-text">{data.text}</div>
      )}
    </div>
  );
});

/** A frame around nodes, which moves them along. */
export const FrameNode = memo(function FrameNode({ data, selected }: NodeProps<FrameType>) {
  const [writing, setWriting] = useState(false);
  return (
    <div className="frame" data-color={data.color || undefined} onDoubleClick={(e) => { e.stopPropagation(); setWriting(true); }}>
      <Resizer id={data.id} door={data.door} selected={selected} />
      {writing ? (
        <input
          className="frame-title nodrag"
          aria-label="Title of the group"
          autoFocus
          defaultValue={data.text}
          onBlur={(e) => { setWriting(false); data.door.text(data.id, e.target.value); }}
          onKeyDown={(e) => { e.stopPropagation(); if (e.key === 'Enter' || e.key === 'Escape') e.currentTarget.blur(); }}
        />
      ) : (
        <div className="frame-title">{data.text}</div>
      )}
    </div>
  );
});
