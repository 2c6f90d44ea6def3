import { Checkbox, Text } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';

import { When } from '../parts/When';
import { ItemStatus, Sla, type Item } from './itemWords';

interface Props {
  items: Item[];
  /** How many there are in all, as far as that is known. */
  total: number;
  chosen: Set<number>;
  /** Whether rows can be chosen. */
  choice: boolean;
  open?: number;
  onChoose: (chosen: Set<number>) => void;
  onOpen: (id: number) => void;
  /** Asked for when the end comes near. */
  onEnd?: () => void;
}

const rowHeight = 46;

/** The work items of a queue as a grid that holds as many rows as there are, of which only those in sight are drawn. */
export function ItemGrid({ items, total, chosen, choice, open, onChoose, onOpen, onEnd }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- the grid is drawn again whenever it scrolls
  const rows = useVirtualizer({ count: items.length, getScrollElement: () => frame.current, estimateSize: () => rowHeight, overscan: 8, getItemKey: (i) => items[i]?.id ?? i });
  const inSight = rows.getVirtualItems();
  const last = inSight.at(-1)?.index ?? 0;
  const near = items.length > 0 && last >= items.length - 20;
  useEffect(() => {
    if (near) onEnd?.();
  }, [near, onEnd]);
  const all = items.length > 0 && items.every((i) => chosen.has(i.id));
  const toggle = (id: number) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose(next);
  };
  return (
    <div ref={frame} className="grid-frame" role="table" aria-label="Work items" aria-rowcount={total + 1} tabIndex={0}>
      <div role="rowgroup">
        <div className="grid-row grid-head" role="row" aria-rowindex={1}>
          <span role="columnheader" aria-label="Choice">{choice && <Checkbox size="xs" aria-label="Choose all that are shown" checked={all} indeterminate={!all && chosen.size > 0} onChange={() => onChoose(all ? new Set() : new Set(items.map((i) => i.id)))} />}</span>
          {['Item', 'Status', 'Reference', 'Due', 'Retry', 'Priority', 'Reason or progress', 'Added'].map((h) => <span role="columnheader" key={h}>{h}</span>)}
        </div>
      </div>
      {/* The height and the place of a row are known only here. */}
      <div className="grid-body" role="rowgroup" style={{ height: rows.getTotalSize() }}>
        {inSight.map((row) => {
          const i = items[row.index];
          if (!i) return null;
          return (
            <div key={row.key} className="grid-row" role="row" aria-rowindex={row.index + 2} data-open={i.id === open || undefined} style={{ transform: `translateY(${row.start}px)` }}>
              <span role="cell">{choice && <Checkbox size="xs" aria-label={`Choose item ${i.id}`} checked={chosen.has(i.id)} onChange={() => toggle(i.id)} />}</span>
              <span role="cell"><button type="button" className="as-link" onClick={() => onOpen(i.id)}>{i.id}</button></span>
              <span role="cell"><ItemStatus item={i} /></span>
              <span role="cell" className="clip" title={i.reference}>{i.reference || '–'}</span>
              <span role="cell"><When at={i.due} /> <Sla item={i} /></span>
              <span role="cell">{i.retry_no}</span>
              <span role="cell">{i.priority}</span>
              <span role="cell" className="clip" title={i.reason || i.progress}>{i.reason || i.progress || <Text span c="dimmed" size="sm">–</Text>}</span>
              <span role="cell"><When at={i.created} /></span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
