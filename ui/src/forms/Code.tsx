import { EditorView } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import CodeMirror from '@uiw/react-codemirror';
import { useEffect, useMemo, useRef, useState } from 'react';

import { nonce } from '../nonce';
import { useForm } from './env';
import type { Path } from './values';

/** Code or another long text, kept when it is left. */
export default function Code({ label, value, onCommit, path, placeholder }: { label: string; value: string; onCommit: (text: string) => void; path: Path; placeholder?: string }) {
  const scheme = useComputedColorScheme('light');
  const env = useForm();
  const [draft, setDraft] = useState<string | null>(null);
  const keep = () => {
    if (draft === null) return;
    setDraft(null);
    env.draft(path, undefined, false);
    if (draft !== value) onCommit(draft);
  };
  const last = useRef(keep);
  useEffect(() => {
    last.current = keep;
  });
  useEffect(() => () => last.current(), []);
  const extensions = useMemo(() => [EditorView.lineWrapping, EditorView.cspNonce.of(nonce), EditorView.contentAttributes.of({ 'aria-label': label })], [label]);
  return (
    <div
      className="code-box"
      onBlur={(e) => {
        if (!e.currentTarget.contains(e.relatedTarget)) keep();
      }}
      onKeyDownCapture={(e) => (e.ctrlKey || e.metaKey) && e.key === 's' && keep()}
    >
      <CodeMirror
        value={draft ?? value}
        theme={scheme}
        placeholder={placeholder}
        minHeight="80px"
        maxHeight="360px"
        basicSetup={{ foldGutter: false }}
        extensions={extensions}
        onChange={(t) => {
          setDraft(t);
          env.draft(path, t, true);
        }}
      />
    </div>
  );
}
