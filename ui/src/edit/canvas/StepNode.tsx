import { IconAlertCircle, IconAlertTriangle, IconPinFilled, IconPlayerPlayFilled } from '@tabler/icons-react';
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react';
import { memo, useState } from 'react';

import { duration } from '../../parts/time';
import type { NodeState } from '../../run/state';
import type { Port } from '../catalog';
import type { Problem } from '../model';
import { FamilyIcon } from './icons';

/** What the nodes of the canvas tell it. */
export interface Door {
  add: (from: string, port: string) => void;
  fix: (p: Problem) => void;
}

export type StepData = {
  id: string;
  title: string;
  type: string;
  ports: Port[];
  /** Ports that a wire leaves from. */
  wired: string;
  problems: Problem[] | undefined;
  state: NodeState | undefined;
  start: boolean;
  off: boolean;
  pinned: boolean;
  /** Whether it has a breakpoint. */
  stops: boolean;
  /** Whether it is the one that Tab leads to. */
  current: boolean;
  door: Door;
};
export type StepType = Node<StepData, 'step'>;

const words: Record<NodeState['state'], string> = { idle: '', running: 'at work', waiting: 'waits', retrying: 'tries again', paused: 'paused before it', done: 'done', failed: 'failed', passed: 'passed', cancelled: 'not ended' };

/** One node. What it is told changes rarely, so most are left alone while the canvas moves. */
export const StepNode = memo(function StepNode({ data, selected }: NodeProps<StepType>) {
  const { id, ports, problems, state } = data;
  const main = ports.filter((p) => p.name !== 'error');
  const wired = data.wired.split(' ');
  const bad = problems?.some((p) => p.severity === 'error');
  const said = [data.start ? 'the run begins here' : '', data.off ? 'turned off' : '', data.stops ? 'breakpoint' : '', problems?.length ? `${problems.length} problem${problems.length > 1 ? 's' : ''}` : '', state ? words[state.state] : ''].filter(Boolean).join(', ');
  return (
    <div className="step" data-off={data.off || undefined}>
      <Handle type="target" id="in" position={Position.Top} className="port port-in" />
      <Handle type="target" id="data-in" position={Position.Left} className="port-data" isConnectable={false} />
      <Handle type="source" id="data-out" position={Position.Left} className="port-data" isConnectable={false} />
      <div role="button" tabIndex={data.current ? 0 : -1} className="step-box" data-step={id} data-selected={selected || undefined} data-state={state?.state} data-bad={bad || undefined} aria-pressed={selected}>
        {data.stops && <span className="break-dot" title="Breakpoint" aria-hidden />}
        <FamilyIcon type={data.type} />
        <span className="step-text">
          <span className="node-title" title={data.title}>{data.title}</span>
          <span className="node-type">{data.type}</span>
          {said && <span className="step-said">, {said}</span>}
        </span>
        {data.start && <span className="step-start" title="A run begins here"><IconPlayerPlayFilled size={11} aria-hidden /></span>}
        {data.pinned && <span className="step-pin" title="Its output is pinned"><IconPinFilled size={13} aria-hidden /></span>}
        {state && state.state !== 'idle' && <span className="step-state" aria-hidden>{words[state.state]}{state.ms !== undefined ? ` ${duration(state.ms)}` : ''}</span>}
        {main.length > 1 && (
          <span className="step-ports" aria-hidden>
            {main.map((p) => <span key={p.name} title={p.doc}>{p.name}</span>)}
          </span>
        )}
      </div>
      {main.map((p, i) => (
        <Handle key={p.name} type="source" id={p.name} position={Position.Bottom} className="port" style={{ left: `${((i + 0.5) / main.length) * 100}%` }} title={p.name} />
      ))}
      {main.map((p, i) => !wired.includes(p.name) && (
        <button key={p.name} type="button" tabIndex={-1} className="port-plus nodrag nopan" style={{ left: `${((i + 0.5) / main.length) * 100}%` }} aria-label={`Add after ${data.title}, ${p.name}`} title={`Add after ${p.name}`} onClick={() => data.door.add(id, p.name)} onDoubleClick={(e) => e.stopPropagation()}>
          <svg width="16" height="16" viewBox="-8 -8 16 16" aria-hidden><path d="M-4 0H4M0-4V4" /></svg>
        </button>
      ))}
      {ports.length > main.length && <Handle type="source" id="error" position={Position.Right} className="port port-error" data-wired={wired.includes('error') || undefined} title="error" />}
      {!!problems?.length && <Problems of={problems} title={data.title} fix={data.door.fix} />}
    </div>
  );
}, (a, b) => a.selected === b.selected && Object.entries(a.data).every(([k, v]) => v === b.data[k as keyof StepData]));

/** The mark of what is wrong with a node; what it is, and what mends it, is shown while it is pointed at or has the focus. */
function Problems({ of, title, fix }: { of: Problem[]; title: string; fix: (p: Problem) => void }) {
  const [open, setOpen] = useState(false);
  const bad = of.some((p) => p.severity === 'error');
  const Icon = bad ? IconAlertCircle : IconAlertTriangle;
  return (
    <div className="step-problems nodrag nopan nowheel" data-bad={bad || undefined} onMouseEnter={() => setOpen(true)} onMouseLeave={() => setOpen(false)} onFocus={() => setOpen(true)} onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && setOpen(false)} onDoubleClick={(e) => e.stopPropagation()}>
      <button type="button" tabIndex={-1} aria-expanded={open} aria-label={`Problems of ${title}: ${of.length}`} className="step-mark">
        <Icon size={16} aria-hidden />{of.length > 1 ? of.length : ''}
      </button>
      {open && (
        <div className="step-card">
          {of.slice(0, 8).map((p, i) => (
            <div key={i} className="step-problem">
              <div>{p.path ? <span className="mono">{p.path}: </span> : null}{p.message}</div>
              {p.remedy && <div className="step-remedy">{p.remedy}</div>}
              {p.fix && <button type="button" className="step-fix" onClick={() => fix(p)}>{p.fix.title}</button>}
            </div>
          ))}
          {of.length > 8 && <div className="step-remedy">and {of.length - 8} more</div>}
        </div>
      )}
    </div>
  );
}
