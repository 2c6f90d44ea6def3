import { ActionIcon, Group, SegmentedControl, Text } from '@mantine/core';
import { IconArrowsHorizontal, IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useMemo, useRef, useState } from 'react';

import type { FlowDoc } from '../canvas/flow';
import { duration } from '../parts/time';
import { asOf, waited, type Book, type Execution } from './book';
import { bars, ticks } from './bars';
import { sentence, settled } from './words';

interface Props {
  book: Book;
  version: number;
  doc: FlowDoc;
  from: number;
  to: number;
  /** The moment that is looked at. */
  at: number;
  over: boolean;
  selected?: string;
  onSelect: (x: Execution) => void;
}

interface Row {
  id: string;
  title: string;
  list: Execution[];
}

const height = 28;

/** When each node was at work: a row for each node, or for each execution. The arrow keys lead through rows and executions. */
export function Gantt({ book, version, doc, from, to, at, over, selected, onSelect }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { ref: size, width: full } = useElementSize();
  const [mode, setMode] = useState('node');
  const [zoom, setZoom] = useState<[number, number]>([0, 1]);
  const [cursor, setCursor] = useState(0);
  const side = full > 0 && full < 560 ? 110 : 190;
  const width = Math.max(60, full - side - 16);
  const whole = Math.max(1, to - from);
  const begin = from + zoom[0] * whole;
  const length = Math.max(1, (zoom[1] - zoom[0]) * whole);
  const rows = useMemo((): Row[] => {
    if (version < 0) return [];
    if (mode === 'path') return book.list.map((x) => ({ id: x.key, title: x.key, list: [x] }));
    const known = doc.nodes.map((n) => ({ id: n.id, title: n.title, list: book.of(n.id) })).filter((r) => r.list.length > 0);
    return known.sort((a, b) => (a.list[0]?.index ?? 0) - (b.list[0]?.index ?? 0));
  }, [book, version, doc, mode]);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only and not remembered
  const view = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => height, overscan: 8 });
  const picked = book.get(selected);
  const row = Math.min(cursor, rows.length - 1);
  const narrow = (factor: number) => {
    const middle = Math.min(1, Math.max(0, (at - from) / whole));
    const half = Math.min(1, (zoom[1] - zoom[0]) * factor) / 2;
    const start = Math.min(Math.max(0, middle - half), 1 - 2 * half);
    setZoom([start, start + 2 * half]);
  };
  const shift = (by: number) => {
    const wide = zoom[1] - zoom[0];
    const start = Math.min(Math.max(0, zoom[0] + by * wide), 1 - wide);
    setZoom([start, start + wide]);
  };
  const step = (by: number) => {
    const list = rows[row]?.list ?? [];
    const i = picked && list[mode === 'node' ? picked.nth : 0] === picked ? (mode === 'node' ? picked.nth : 0) : -1;
    const x = list[i < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, i + by))];
    if (x) onSelect(x);
  };
  const go = (to: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, to));
    setCursor(next);
    view.scrollToIndex(next);
  };
  const keys: Record<string, () => void> = {
    ArrowDown: () => go(row + 1),
    ArrowUp: () => go(row - 1),
    PageDown: () => go(row + 10),
    PageUp: () => go(row - 10),
    Home: () => go(0),
    End: () => go(rows.length - 1),
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    Enter: () => step(0),
    ' ': () => step(0),
    '+': () => narrow(0.5),
    '-': () => narrow(2),
    '[': () => shift(-0.25),
    ']': () => shift(0.25),
  };
  const place = (t: number) => ((t - begin) / length) * width;
  return (
    <div className="gantt" ref={size}>
      <Group gap="xs" p="xs" justify="space-between" wrap="nowrap">
        <SegmentedControl size="xs" aria-label="Rows" value={mode} onChange={setMode} data={[{ value: 'node', label: 'By node' }, { value: 'path', label: 'By execution' }]} />
        <Group gap={4} wrap="nowrap">
          <ActionIcon variant="default" aria-label="Look closer" onClick={() => narrow(0.5)}><IconZoomIn size={16} aria-hidden /></ActionIcon>
          <ActionIcon variant="default" aria-label="Look from further away" disabled={zoom[1] - zoom[0] >= 1} onClick={() => narrow(2)}><IconZoomOut size={16} aria-hidden /></ActionIcon>
          <ActionIcon variant="default" aria-label="The whole run" disabled={zoom[1] - zoom[0] >= 1} onClick={() => setZoom([0, 1])}><IconArrowsHorizontal size={16} aria-hidden /></ActionIcon>
        </Group>
      </Group>
      <div className="gantt-head" aria-hidden>
        <svg width={width} height={18} style={{ marginLeft: side }}>
          {ticks(begin - from, length, width).map((t) => <text key={t} x={place(from + t) + 3} y={13} className="gantt-tick">{duration(t) || '0'}</text>)}
        </svg>
      </div>
      <div
        ref={box}
        className="gantt-box"
        role="listbox"
        tabIndex={0}
        aria-label="When nodes were at work. Up and down choose a row, left and right an execution, plus and minus change the scale."
        aria-activedescendant={rows.length ? `gantt-${row}` : undefined}
        onKeyDown={(e) => {
          const f = keys[e.key];
          if (!f || e.ctrlKey || e.metaKey || e.altKey) return;
          e.preventDefault();
          f();
        }}
      >
        <div role="presentation" style={{ height: view.getTotalSize(), position: 'relative' }}>
          {view.getVirtualItems().map((v) => {
            const r = rows[v.index];
            if (!r) return null;
            const chosen = mode === 'node' ? (picked?.owner === r.id ? picked : undefined) : r.id === selected ? r.list[0] : undefined;
            const one = chosen ?? (r.list.length === 1 ? r.list[0] : undefined);
            const failed = mode === 'node' ? book.failures(r.id) : 0;
            // What is to be heard begins with what is to be seen.
            const name = r.list.length > 1 ? `${r.title} ${r.list.length}×` : r.title;
            const said = `${name}: ${one ? sentence(one, from, at, over) : `${r.list.length} executions${failed ? `, ${failed} failed` : ''}`}`;
            return (
              <div
                key={r.id}
                id={`gantt-${v.index}`}
                role="option"
                aria-selected={!!chosen}
                aria-label={said}
                aria-posinset={v.index + 1}
                aria-setsize={rows.length}
                className="gantt-row"
                data-current={v.index === row || undefined}
                title={said}
                style={{ height, transform: `translateY(${v.start}px)` }}
                onClick={(e) => {
                  setCursor(v.index);
                  const x = nearest(r.list, begin + ((e.nativeEvent.offsetX - (e.target instanceof SVGElement ? 0 : side)) / width) * length);
                  if (x) onSelect(x);
                }}
              >
                <span className="gantt-name" style={{ width: side }}>{r.title}{r.list.length > 1 && <span className="gantt-count"> {r.list.length}×</span>}</span>
                <svg className="gantt-bars" width={width} height={height} aria-hidden>
                  <Bars list={r.list} count={r.list.length} version={r.list.length > 0 && !over ? version : 0} begin={begin} length={length} width={width} to={to} at={at} over={over} />
                  {chosen && !chosen.reused && chosen.start <= at && <rect x={place(chosen.start) - 1.5} y={4} width={Math.max(5, place(Math.min(at, chosen.end ?? at)) - place(chosen.start) + 3)} height={20} rx={3} className="gantt-chosen" />}
                  {at < to && <line x1={place(at)} x2={place(at)} y1={0} y2={height} className="gantt-now" />}
                </svg>
              </div>
            );
          })}
        </div>
      </div>
      {rows.length === 0 && <Text size="sm" c="dimmed" p="md">Nothing has been executed yet. Steps that only compute leave no time behind.</Text>}
      <Group gap="md" px="sm" py={6} className="gantt-legend" aria-hidden>
        {(['done', 'failed', 'running', 'wait', 'retry'] as const).map((s) => (
          <span key={s}><svg width={14} height={10}><rect width={14} height={s === 'wait' ? 6 : 10} y={s === 'wait' ? 2 : 0} rx={2} className="gantt-bar" data-state={s === 'retry' ? 'done' : s} data-retry={s === 'retry' || undefined} /></svg> {{ done: 'done', failed: 'failed', running: 'at work', wait: 'waits', retry: 'tried again' }[s]}</span>
        ))}
      </Group>
    </div>
  );
}

interface BarsProps {
  list: Execution[];
  /** What changes when the list has grown, or something in it. */
  count: number;
  version: number;
  begin: number;
  length: number;
  width: number;
  to: number;
  at: number;
  over: boolean;
}

/** The bars of a row, up to the moment that is looked at: what goes on beyond it was at work then. */
const Bars = memo(function Bars({ list, count, version, begin, length, width, to, at, over }: BarsProps) {
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the list grows in place; count and version say when
  const all = useMemo(() => bars(list, begin, length, width, to), [list, count, version, begin, length, width, to]);
  const edge = at >= to ? Infinity : ((at - begin) / length) * width;
  return all.map((b) =>
    b.x > edge ? null : (
      <rect key={`${b.x}${b.kind}`} x={b.x} y={b.kind === 'wait' ? 11 : 7} width={Math.min(b.w, Math.max(1, edge - b.x))} height={b.kind === 'wait' ? 6 : 14} rx={2} className="gantt-bar" data-state={b.kind === 'wait' ? 'wait' : b.x + b.w > edge + 1 ? 'running' : settled(b.kind, over || edge !== Infinity)} data-retry={b.retry || undefined} />
    ),
  );
});

/** The execution that was at work at a moment, or began next to it. */
function nearest(list: Execution[], moment: number): Execution | undefined {
  let best: Execution | undefined;
  let far = Infinity;
  for (const x of list) {
    const end = x.end ?? moment;
    const d = moment < x.start ? x.start - moment : moment > end ? moment - end : asOf(x, moment) ? -1 / (1 + waited(x, moment)) : 0;
    if (d < far) {
      far = d;
      best = x;
    }
  }
  return best;
}
