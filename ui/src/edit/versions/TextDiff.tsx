import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { MergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';

import { nonce } from '../../nonce';
import { look } from '../text/editor';

/** Two texts beside each other, with what differs marked; what is the same is folded. */
export default function TextDiff({ before, after }: { before: string; after: string }) {
  const box = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  useEffect(() => {
    if (!box.current) return;
    const side = (doc: string, label: string) => ({
      doc,
      extensions: [lineNumbers(), doc.trimStart().startsWith('{') ? json() : yaml(), look(dark), EditorView.lineWrapping, EditorState.readOnly.of(true), EditorView.cspNonce.of(nonce), EditorView.contentAttributes.of({ 'aria-label': label })],
    });
    const view = new MergeView({ parent: box.current, a: side(before, 'Text before'), b: side(after, 'Text after'), collapseUnchanged: { margin: 3, minSize: 6 }, gutter: true, diffConfig: { scanLimit: 2000, timeout: 1000 } });
    return () => view.destroy();
  }, [before, after, dark]);
  return <div className="text-diff" ref={box} />;
}
