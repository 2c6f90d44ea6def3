import { yaml } from '@codemirror/lang-yaml';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import CodeMirror from '@uiw/react-codemirror';
import { useMemo } from 'react';
import { stringify } from 'yaml';

import { nonce } from '../nonce';

/** A flow as YAML, with line numbers and colours. */
export default function FlowText({ flow, label }: { flow: unknown; label: string }) {
  const text = useMemo(() => stringify(flow, { lineWidth: 120 }), [flow]);
  const scheme = useComputedColorScheme('light');
  return (
    <CodeMirror
      value={text}
      theme={scheme}
      readOnly
      extensions={[yaml(), EditorView.lineWrapping, EditorState.readOnly.of(true), EditorView.cspNonce.of(nonce), EditorView.contentAttributes.of({ 'aria-label': label })]}
    />
  );
}
