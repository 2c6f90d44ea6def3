import { Text, TextInput } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';

import { duration } from '../parts/time';
import { took, waited, type Execution } from './book';
import { settled, words } from './words';

interface Props {
  list: Execution[];
  /** How many there were when the list was given: it grows in place. */
  version: number;
  from: number;
  now: number;
  over: boolean;
  selected?: string;
  /** The place of an execution in the list. */
  placeOf: (x: Execution) => number;
  find: (key: string | undefined) => Execution | undefined;
  onSelect: (x: Execution) => void;
  label: string;
  /** Leaves out what a narrow place has no room for. */
  narrow?: boolean;
}

const height = 30;

/** Executions as a table of which only the rows in sight are in the page. The arrow keys lead through it. */
export function Executions({ list, version, from, now, over, selected, placeOf, find, onSelect, label, narrow }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [text, setText] = useState('');
  const rows = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    // list is the same array when it has grown; version tells them apart.
    return version >= 0 && wanted ? list.filter((x) => x.key.toLowerCase().includes(wanted) || words[settled(x.state, over)].includes(wanted)) : list;
  }, [list, version, text, over]);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only and not remembered
  const view = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => height, overscan: 12 });
  const chosen = find(selected);
  const at = !chosen ? -1 : rows === list ? (list[placeOf(chosen)] === chosen ? placeOf(chosen) : -1) : rows.indexOf(chosen);
  useEffect(() => {
    if (at >= 0) view.scrollToIndex(at, { align: 'auto' });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- it is moved when another one is chosen, not when rows come
  }, [selected]);
  const move = (to: number) => {
    const x = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (x) onSelect(x);
  };
  return (
    <div className="executions" data-narrow={narrow || undefined}>
      {(list.length > 8 || !narrow) && (
        <TextInput size="xs" className="executions-find" aria-label={`Find among ${label.toLowerCase()}`} placeholder="Find a path or a state, as each[2]/ or failed" value={text} onChange={(e) => setText(e.currentTarget.value)} />
      )}
      <div
        ref={box}
        className="executions-box"
        role="listbox"
        aria-label={label}
        tabIndex={0}
        aria-activedescendant={at >= 0 ? `x-${label}-${at}`.replaceAll(' ', '-') : undefined}
        onKeyDown={(e) => {
          const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 10, PageUp: at - 10 }[e.key];
          if (to === undefined) return;
          e.preventDefault();
          move(to);
        }}
      >
        <div role="presentation" style={{ height: view.getTotalSize(), position: 'relative' }}>
          {view.getVirtualItems().map((r) => {
            const x = rows[r.index];
            if (!x) return null;
            const state = settled(x.state, over);
            const wait = waited(x, now);
            return (
              <div
                key={x.key}
                id={`x-${label}-${r.index}`.replaceAll(' ', '-')}
                role="option"
                aria-selected={x.key === selected}
                aria-posinset={r.index + 1}
                aria-setsize={rows.length}
                className="execution"
                data-state={x.reused ? 'reused' : state}
                style={{ height, transform: `translateY(${r.start}px)` }}
                onClick={() => onSelect(x)}
              >
                <span className="execution-path mono" title={x.key}>{x.key}</span>
                <span className="execution-state">{x.reused ? 'used as recorded' : words[state]}</span>
                {!narrow && <span className="execution-number">{x.reused ? '' : `+${duration(x.start - from) || '0 ms'}`}</span>}
                <span className="execution-number">{x.end === undefined && over ? '' : duration(took(x, now))}</span>
                {!narrow && <span className="execution-number">{wait > 0 ? `waited ${duration(wait)}` : ''}</span>}
              </div>
            );
          })}
        </div>
      </div>
      {rows.length === 0 && <Text size="sm" c="dimmed" p="sm">{list.length === 0 ? 'Nothing has been executed yet.' : 'None fits.'}</Text>}
    </div>
  );
}
