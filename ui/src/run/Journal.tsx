import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';

import type { Event } from '../api/events';
import { clock, duration } from '../parts/time';

const text = (v: unknown) => (typeof v === 'string' ? v : '');

/** What an event says, in words. */
function sentence(e: Event): string {
  const d = e.data ?? {};
  const failure = (d.failure ?? {}) as { message?: string };
  switch (e.kind) {
    case 'run_started':
      return d.resumes ? `The run was taken up again by ${text(d.owner)}` : `The run was begun by ${text(d.owner)}`;
    case 'run_parked':
      return 'The run was put aside until it can go on';
    case 'run_finished':
      return `The run ended: ${text(d.status)}`;
    case 'node_started':
      return `${e.path} began`;
    case 'node_finished':
      return `${e.path} is done${typeof d.ms === 'number' ? ` after ${duration(d.ms)}` : ''}`;
    case 'node_failed':
      return `${e.path} failed: ${failure.message ?? ''}`;
    case 'node_retrying':
      return `${e.path} will be tried again: ${failure.message ?? ''}`;
    case 'waiting':
      if (d.paused) return `${e.path} is where the run is paused`;
      return d.text ? `${e.path} asks: ${text(d.text)}` : `${e.path} waits`;
    case 'answered':
      return `${e.path} was answered: ${text(d.text)}`;
    case 'taken_over':
      return `${text(d.by)} took over the browser`;
    case 'handed_back': {
      const n = typeof d.gestures === 'number' ? d.gestures : 0;
      const how = `after ${typeof d.ms === 'number' ? duration(d.ms) : ''} and ${n === 1 ? '1 gesture' : `${n} gestures`}`;
      return d.closed ? `The browser was closed ${how} of ${text(d.by)}, who was not there or whose robot was stopped` : `The browser was handed back by ${text(d.back) || text(d.by)} ${how}${d.back ? ` of ${text(d.by)}` : ''}`;
    }
    case 'trace':
      return `${e.path}: its page was kept`;
    case 'elements': {
      const n = Array.isArray(d.targets) ? d.targets.length : 0;
      return `${n} ${n === 1 ? 'target' : 'targets'} of pages found what they mean`;
    }
    case 'log':
      return text(d.text);
    default:
      return [e.kind.replaceAll('_', ' '), e.path, text(d.text)].filter(Boolean).join(' · ');
  }
}

const colors: Record<string, string> = { node_failed: 'var(--mantine-color-red-light-color)', error: 'var(--mantine-color-red-light-color)', warn: 'var(--mantine-color-orange-light-color)' };

/** The first so many events of a run's journal, which grows in place. The list keeps to its end until one scrolls up. Only the lines in sight are in the page. */
export function Journal({ events, count, onSelect }: { events: Event[]; count: number; onSelect: (node: string, path: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only and not remembered
  const rows = useVirtualizer({ count, getScrollElement: () => box.current, estimateSize: () => 25, overscan: 20 });
  useEffect(() => {
    if (atEnd.current && count) rows.scrollToIndex(count - 1);
  }, [count, rows]);
  return (
    <div
      ref={box}
      className="journal"
      tabIndex={0}
      role="log"
      aria-label="What happened"
      aria-live="off"
      onScroll={(e) => {
        const b = e.currentTarget;
        atEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < 40;
      }}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((r) => {
          const e = events[r.index];
          if (!e) return null;
          const node = text(e.data?.node);
          const body = (
            <>
              <span className="journal-time mono">{clock(e.at)}</span>
              <span className="journal-text" style={{ color: colors[e.kind] ?? colors[text(e.data?.level)] }}>{sentence(e)}</span>
            </>
          );
          return (
            <div key={e.seq} data-index={r.index} ref={rows.measureElement} style={{ position: 'absolute', top: 0, left: 0, width: '100%', transform: `translateY(${r.start}px)` }}>
              {node && e.path ? (
                <button type="button" className="journal-row" onClick={() => onSelect(node, e.path ?? '')}>{body}</button>
              ) : (
                <div className="journal-row">{body}</div>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
