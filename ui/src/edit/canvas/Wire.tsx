import { BaseEdge, getBezierPath, type Edge, type EdgeProps } from '@xyflow/react';
import { memo } from 'react';

import type { FlowEdge } from '../../canvas/flow';

export type WireType = Edge<{ edge: FlowEdge; add: (e: FlowEdge) => void }, 'wire'>;

/** A wire that control takes, with a mark in its middle that adds a node there. */
export const Wire = memo(function Wire(p: EdgeProps<WireType>) {
  const [path, x, y] = getBezierPath(p);
  return (
    <>
      <BaseEdge path={path} interactionWidth={22} />
      <g className="wire-plus" transform={`translate(${x},${y})`} onClick={(e) => {
        e.stopPropagation();
        if (p.data) p.data.add(p.data.edge);
      }}>
        <circle r={16} className="wire-plus-room" />
        <circle r={10} />
        <path d="M-4.5 0H4.5M0-4.5V4.5" />
      </g>
    </>
  );
});

/** What one node reads of another, thin: it is an expression, not a way that control takes. */
export const DataWire = memo(function DataWire({ sourceX, sourceY, targetX, targetY }: EdgeProps) {
  const out = 30 + Math.min(90, Math.abs(targetY - sourceY) / 8);
  return <path className="data-wire" d={`M${sourceX},${sourceY} C${sourceX - out},${sourceY} ${targetX - out},${targetY} ${targetX},${targetY}`} />;
});
