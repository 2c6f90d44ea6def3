import { Text } from '@mantine/core';
import { useCallback, useEffect, useId, useRef, useState, type ClipboardEvent, type CompositionEvent, type FormEvent, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';

import { button, known, mods, place, Presses, type Frame, type Gesture } from './gestures';

interface Props {
  label: string;
  frame: Frame;
  onInput?: (gestures: readonly Gesture[]) => void;
  /** What lies over the picture, at places of it. */
  children?: ReactNode;
}

/** Two presses of Escape within this time lead out of the picture; one alone goes to the page after it. */
const twice = 450;
/** How far a finger may move in a tap. */
const still = 10;
/** Pixels of one line and one page of a wheel that does not count in pixels. */
const line = 40;

const safe = (jpeg: string) => /^[A-Za-z0-9+/=]+$/.test(jpeg);

/**
 * The picture of a page, and over it a field without looks that has the keyboard: so pasted and composed text arrive, and
 * a phone shows its keys. Keys go to the page once the picture was clicked or Enter was pressed on it; Escape pressed
 * twice leads out, so that Tab goes on through these pages.
 */
export function Picture({ label, frame, onInput, children }: Props) {
  const hint = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [inside, setInside] = useState(false);
  const presses = useRef(new Presses());
  const downs = useRef(0);
  const escaped = useRef(0); // the timer of an Escape that waits
  const copied = useRef(false);
  const composing = useRef(false);
  const finger = useRef<{ id: number; x: number; y: number; moved: boolean; at: number }>(undefined);
  const latest = useRef(frame);
  useEffect(() => {
    latest.current = frame;
  }, [frame]);

  const at = useCallback((e: { clientX: number; clientY: number }) => {
    const box = field.current?.getBoundingClientRect() ?? { left: 0, top: 0, width: 1, height: 1 };
    return place(e.clientX, e.clientY, box, latest.current);
  }, []);
  const scale = useCallback(() => latest.current.width / (field.current?.getBoundingClientRect().width || 1), []);

  // React listens to wheels passively, and the pages would scroll along.
  useEffect(() => {
    const e = field.current;
    if (!e || !onInput) return;
    const wheel = (ev: WheelEvent) => {
      if (ev.ctrlKey) return; // it changes the size of these pages
      ev.preventDefault();
      const unit = ev.deltaMode === 0 ? 1 : ev.deltaMode === 1 ? line : latest.current.height;
      onInput([{ kind: 'wheel', ...at(ev), dx: ev.deltaX * unit, dy: ev.deltaY * unit, mods: mods(ev) }]);
    };
    e.addEventListener('wheel', wheel, { passive: false });
    return () => e.removeEventListener('wheel', wheel);
  }, [at, onInput]);

  if (!safe(frame.jpeg)) return null;
  const image = <img className="screen-picture" src={`data:image/jpeg;base64,${frame.jpeg}`} width={frame.width} height={frame.height} alt={onInput ? '' : `${label}: ${frame.url}`} draggable={false} />;
  if (!onInput) return <div className="screen-view">{image}</div>;

  const down = (e: PointerEvent<HTMLTextAreaElement>) => {
    e.preventDefault();
    field.current?.focus({ preventScroll: true });
    setInside(true);
    if (e.pointerType === 'touch') {
      finger.current = { id: e.pointerId, x: e.clientX, y: e.clientY, moved: false, at: e.timeStamp };
      return;
    }
    const b = button(e.button);
    if (!b) return;
    e.currentTarget.setPointerCapture(e.pointerId);
    downs.current = presses.current.count(e);
    onInput([{ kind: 'move', ...at(e), mods: mods(e) }, { kind: 'down', ...at(e), button: b, clicks: downs.current, mods: mods(e) }]);
  };
  const move = (e: PointerEvent<HTMLTextAreaElement>) => {
    const f = finger.current;
    if (e.pointerType !== 'touch') {
      onInput([{ kind: 'move', ...at(e), mods: mods(e) }]);
    } else if (f && f.id === e.pointerId) {
      if (!f.moved && Math.hypot(e.clientX - f.x, e.clientY - f.y) < still) return;
      onInput([{ kind: 'wheel', ...at(e), dx: (f.x - e.clientX) * scale(), dy: (f.y - e.clientY) * scale() }]);
      finger.current = { ...f, x: e.clientX, y: e.clientY, moved: true };
    }
  };
  const up = (e: PointerEvent<HTMLTextAreaElement>) => {
    e.preventDefault();
    if (e.pointerType === 'touch') {
      const f = finger.current;
      finger.current = undefined;
      if (!f || f.moved || f.id !== e.pointerId) return;
      const long = e.timeStamp - f.at > 600;
      const n = long ? 1 : presses.current.count(e);
      const press = { ...at(e), button: long ? ('right' as const) : ('left' as const), clicks: n };
      onInput([{ kind: 'move', ...at(e) }, { kind: 'down', ...press }, { kind: 'up', ...press }]);
      return;
    }
    const b = button(e.button);
    if (b) onInput([{ kind: 'up', ...at(e), button: b, clicks: Math.max(downs.current, 1), mods: mods(e) }]);
  };

  const forget = () => {
    window.clearTimeout(escaped.current);
    escaped.current = 0;
  };
  const escape = () => {
    forget();
    onInput([{ kind: 'keydown', key: 'Escape' }, { kind: 'keyup', key: 'Escape' }]);
  };
  const key = (e: KeyboardEvent<HTMLTextAreaElement>, kind: 'keydown' | 'keyup') => {
    if (e.nativeEvent.isComposing || composing.current || e.key === 'Process') return;
    if (!inside) {
      if (e.key === 'Enter' && kind === 'keydown') {
        e.preventDefault();
        setInside(true);
      } else if (e.key !== 'Tab' && e.key !== 'Shift') e.preventDefault();
      return;
    }
    if (e.key === 'Escape') {
      e.preventDefault();
      if (kind === 'keyup' || e.repeat) return;
      if (escaped.current) {
        forget();
        setInside(false);
      } else escaped.current = window.setTimeout(escape, twice);
      return;
    }
    if (escaped.current) escape();
    if (!known(e.key)) return;
    const held = mods(e);
    const command = (held & 2) !== 0 && (held & 1) === 0 ? e.key.toLowerCase() : '';
    if (command === 'v' && !copied.current) return; // the text comes as pasted
    if (kind === 'keydown' && (command === 'c' || command === 'x')) copied.current = true;
    e.preventDefault();
    onInput([{ kind, key: (held & 7) !== 0 && e.key.length === 1 ? e.key.toLowerCase() : e.key, mods: held }]);
  };
  const text = (t: string) => {
    if (t) onInput([{ kind: 'text', text: t.slice(0, 100_000) }]);
  };
  const paste = (e: ClipboardEvent<HTMLTextAreaElement>) => {
    e.preventDefault();
    if (inside) text(e.clipboardData.getData('text/plain'));
  };
  const composed = (e: CompositionEvent<HTMLTextAreaElement>) => {
    composing.current = false;
    e.currentTarget.value = '';
    text(e.data);
  };
  // What a phone enters comes without keys that have names.
  const input = (e: FormEvent<HTMLTextAreaElement>) => {
    const native = e.nativeEvent as InputEvent;
    if (composing.current || native.isComposing) return;
    if (native.inputType === 'deleteContentBackward') onInput([{ kind: 'keydown', key: 'Backspace' }, { kind: 'keyup', key: 'Backspace' }]);
    else if (native.inputType === 'insertLineBreak') onInput([{ kind: 'keydown', key: 'Enter' }, { kind: 'keyup', key: 'Enter' }]);
    else text(native.data ?? '');
    e.currentTarget.value = '';
  };

  return (
    <>
    <div className="screen-view" data-inside={inside || undefined}>
      {image}
      <textarea
        ref={field}
        className="screen-keys"
        aria-label={`${label}: ${frame.url}`}
        aria-describedby={hint}
        autoComplete="off"
        autoCorrect="off"
        autoCapitalize="off"
        spellCheck={false}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={() => (finger.current = undefined)}
        onMouseDown={(e) => e.preventDefault()}
        onContextMenu={(e) => e.preventDefault()}
        onKeyDown={(e) => key(e, 'keydown')}
        onKeyUp={(e) => key(e, 'keyup')}
        onPaste={paste}
        onCompositionStart={() => (composing.current = true)}
        onCompositionEnd={composed}
        onInput={input}
        onDrop={(e) => e.preventDefault()}
        onBlur={() => {
          setInside(false);
          forget();
          copied.current = false;
        }}
      />
      {children}
    </div>
    <Text id={hint} size="xs" className="screen-hint">
      {inside ? 'Keys go to the page. Press Escape twice to leave.' : 'Click, or press Enter here, to type into the page.'}
    </Text>
    </>
  );
}
