import { yaml } from '@codemirror/lang-yaml';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import CodeMirror from '@uiw/react-codemirror';

import { nonce } from '../nonce';

/** The text of a flow, with line numbers and colours. */
export default function FlowText({ text, label }: { text: string; label: string }) {
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
