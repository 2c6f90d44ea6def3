import 'uplot/dist/uPlot.min.css';
import './ops.css';

import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

/** A line, or a bar of each moment, of a chart. */
export interface Line {
  label: string;
  values: (number | null)[];
  color: 'blue' | 'green' | 'red' | 'orange' | 'gray' | 'grape';
  bars?: boolean;
  /** Each value is a dot too, as where most moments have none. */
  dots?: boolean;
  /** What the legend tells instead of the values, as for bars that stand on others. */
  told?: number[];
}

interface Props {
  /** What is shown, for who does not see it. */
  label: string;
  /** Moments in seconds since 1970, ascending. */
  at: number[];
  lines: Line[];
  height?: number;
  /** Writes a value, for the axis and the legend. */
  write?: (v: number) => string;
  /** Days on the axis below, and not times of the day. */
  days?: boolean;
  /** The legend tells the values under the mouse. */
  legend?: boolean;
}

const shades = {
  light: { blue: '#1c6fc4', green: '#2b8a3e', red: '#c92a2a', orange: '#d9600a', gray: '#6b727a', grape: '#862e9c' },
  dark: { blue: '#6cb2ff', green: '#5fce74', red: '#ff8080', orange: '#ffa94d', gray: '#a3a9b1', grape: '#da8bee' },
};

/** A chart of values over time. It is a picture: its label must say what matters. */
export function Chart({ label, at, lines, height = 180, write = String, days = false, legend = true }: Props) {
  const scheme = useComputedColorScheme('light');
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data: uPlot.AlignedData = [at, ...lines.map((l) => l.values)];
  const shown = useRef({ data, lines });
  useEffect(() => {
    shown.current = { data, lines };
    plot.current?.setData(data);
  });
  const shape = lines.map((l) => `${l.label}/${l.color}/${l.bars ? 'bars' : l.dots ? 'dots' : ''}`).join('|');
  const wide = Math.floor(width);
  useEffect(() => {
    if (!place.current || wide < 40) return;
    const text = scheme === 'dark' ? '#a3a9b1' : '#5c636b';
    const grid = { stroke: scheme === 'dark' ? '#2e333a' : '#e6e9ee', width: 1 };
    const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone: 'UTC' });
    const series = shape.split('|').map((s): uPlot.Series => {
      const [name, color, kind] = s.split('/') as [string, Line['color'], string];
      const bars = kind === 'bars';
      const stroke = shades[scheme][color];
      return {
        label: name,
        stroke,
        width: 1.5,
        fill: bars ? stroke : undefined,
        paths: bars ? uPlot.paths.bars?.({ size: [0.7, 28] }) : undefined,
        points: { show: kind === 'dots', size: 5, fill: stroke },
        spanGaps: kind === 'dots',
        value: (_u, v: number | null, i, at_) => {
          const told = at_ === null ? undefined : shown.current.lines[i - 1]?.told?.[at_];
          const n = told ?? v;
          return n === null || n === undefined ? '–' : write(n);
        },
      };
    });
    const made = new uPlot(
      {
        width: wide,
        height,
        tzDate: days ? (ts) => uPlot.tzDate(new Date(ts * 1000), 'UTC') : undefined,
        legend: { show: legend, live: true },
        cursor: { drag: { x: false, y: false } },
        scales: { x: days ? { range: (_u, min, max) => [min - 43200, max + 43200] } : {}, y: { range: (_u, _min, max) => [0, Math.max(1, (Number.isFinite(max) ? max : 0) * 1.1)] } },
        axes: [
          { stroke: text, grid: { show: false }, ticks: grid, values: days ? (_u, all) => all.map((v) => day.format(new Date(v * 1000))) : '{HH}:{mm}', space: 54, incrs: days ? [86400, 2 * 86400, 7 * 86400, 14 * 86400] : [60, 300, 600, 900, 1800, 3600] },
          { stroke: text, grid, ticks: { show: false }, size: 58, values: (_u, all) => all.map((v) => write(v)) },
        ],
        series: [{ label: days ? 'Day' : 'Time', value: (_u, v: number | null) => (v === null ? '–' : days ? day.format(new Date(v * 1000)) : new Date(v * 1000).toLocaleTimeString('en-GB')) }, ...series],
      },
      shown.current.data,
      place.current,
    );
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [wide, height, scheme, shape, days, legend, write]);
  return (
    <div ref={ref} className="chart" role="img" aria-label={label}>
      <div ref={place} aria-hidden />
    </div>
  );
}
