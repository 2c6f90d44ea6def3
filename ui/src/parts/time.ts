import { useEffect, useState } from 'react';

const unit: [limit: number, seconds: number, name: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86400, 3600, 'hour'],
  [86400 * 30, 86400, 'day'],
  [86400 * 365, 86400 * 30, 'month'],
  [Infinity, 86400 * 365, 'year'],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** A time as people say it: 3 minutes ago. */
export function ago(at: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1000;
  const [, size, name] = unit.find(([limit]) => Math.abs(seconds) < limit) ?? [0, 1, 'second' as const];
  if (name === 'second' && Math.abs(seconds) < 5) return 'just now';
  return relative.format(Math.round(seconds / size), name);
}

/** How long something took, from milliseconds. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The time of day with milliseconds, as in a log. */
export function clock(at: string): string {
  const d = new Date(at);
  return `${d.toLocaleTimeString('en-GB')}.${String(d.getMilliseconds()).padStart(3, '0')}`;
}

/** The present time, which goes on every so many milliseconds; 0 stops it. */
export function useNow(every: number): number {
  const [now, set] = useState(() => Date.now());
  useEffect(() => {
    if (!every) return;
    const t = window.setInterval(() => set(Date.now()), every);
    return () => window.clearInterval(t);
  }, [every]);
  return now;
}
