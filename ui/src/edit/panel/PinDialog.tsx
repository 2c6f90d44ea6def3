import { json } from '@codemirror/lang-json';
import { EditorView } from '@codemirror/view';
import { Button, Group, Modal, Stack, Text, useComputedColorScheme } from '@mantine/core';
import CodeMirror from '@uiw/react-codemirror';
import { useMemo, useState } from 'react';

import { isRecord } from '../../forms/values';
import { nonce } from '../../nonce';

/** Reads what was written as an output: a map of JSON. */
function read(text: string): Record<string, unknown> | string {
  try {
    const v: unknown = JSON.parse(text);
    return isRecord(v) ? v : 'An output is a map: { "name": value }.';
  } catch (e) {
    return `This is no JSON: ${e instanceof Error ? e.message : String(e)}`;
  }
}

/** Asks for the output that a node is to give when the flow is tried. */
export default function PinDialog({ node, value, onPin, onClose }: { node: string; value: Record<string, unknown>; onPin: (v: Record<string, unknown>) => void; onClose: () => void }) {
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const [asked, setAsked] = useState(false);
  const scheme = useComputedColorScheme('light');
  const got = read(text);
  const extensions = useMemo(() => [json(), EditorView.lineWrapping, EditorView.cspNonce.of(nonce), EditorView.contentAttributes.of({ 'aria-label': `Pinned output of ${node}` })], [node]);
  return (
    <Modal opened onClose={onClose} title={`Pinned output of ${node}`} size="lg">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">This browser keeps it. It is used when you try the flow here, and never by runs of the flow itself.</Text>
        <div className="code-box">
          <CodeMirror value={text} theme={scheme} minHeight="160px" maxHeight="50vh" extensions={extensions} onChange={setText} />
        </div>
        {asked && typeof got === 'string' && <Text size="sm" c="red" role="alert">{got}</Text>}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>Leave it</Button>
          <Button onClick={() => (typeof got === 'string' ? setAsked(true) : onPin(got))}>Pin</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
