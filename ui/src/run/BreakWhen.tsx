import { TextInput } from '@mantine/core';
import { useState } from 'react';

interface Props {
  /** What the node is called. */
  title: string;
  /** The condition that holds; empty for none. */
  when: string;
  disabled?: boolean;
  onSet: (when: string) => void;
}

/** The condition of a breakpoint: it stops only where the expression is true. Enter sets it, and so does leaving the field. */
export function BreakWhen({ title, when, disabled, onSet }: Props) {
  const [text, setText] = useState<string>();
  const set = () => {
    const said = text?.trim();
    setText(undefined);
    if (said !== undefined && said !== when) onSet(said);
  };
  return (
    <form className="break-when" onSubmit={(e) => {
      e.preventDefault();
      set();
    }}>
      <TextInput size="xs" aria-label={`Condition of the breakpoint at ${title}`} placeholder="always, or if: loop.index > 2" classNames={{ input: 'mono' }} spellCheck={false} autoComplete="off" disabled={disabled} value={text ?? when} onChange={(e) => setText(e.currentTarget.value)} onBlur={set} onKeyDown={(e) => {
        if (e.key !== 'Escape') return;
        e.stopPropagation();
        setText(undefined);
      }} />
    </form>
  );
}
