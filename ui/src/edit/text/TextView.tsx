import './text.css';

import { setDiagnostics } from '@codemirror/lint';
import { StateEffect, StateField, type Range } from '@codemirror/state';
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

import { nodesQuery } from '../catalog';
import type { Model } from '../model';
import { read } from '../source';
import { editor, marks } from './editor';

const choose = StateEffect.define<{ from: number; to: number } | null>();

/** The lines of the node that is chosen. */
const chosen = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lines, tr) {
    let out = lines.map(tr.changes);
    for (const e of tr.effects) {
      if (!e.is(choose)) continue;
      const ranges: Range<Decoration>[] = [];
      if (e.value) {
        const doc = tr.state.doc;
        for (let n = doc.lineAt(Math.min(e.value.from, doc.length)).number; n <= doc.lineAt(Math.min(e.value.to, doc.length)).number; n++) ranges.push(Decoration.line({ class: 'node-chosen' }).range(doc.line(n).from));
      }
      out = Decoration.set(ranges);
    }
    return out;
  },
  provide: (f) => EditorView.decorations.from(f),
});

/** A flow's text. The node that the cursor is in is chosen, and the one that is chosen elsewhere is shown. */
export default function TextView({ model, label = 'Text of the flow' }: { model: Model; label?: string }) {
  const box = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  const { data: catalog } = useQuery(nodesQuery);
  useEffect(() => {
    if (!box.current) return;
    let own = false; // the choice comes from here
    const view = model.attach(box.current, [
      editor({ label, json: read(model.text()).json, dark, catalog }),
      chosen,
      EditorView.updateListener.of((u) => {
        if (!u.selectionSet || !u.view.hasFocus || !u.transactions.some((t) => t.isUserEvent('select') || t.docChanged)) return;
        const id = model.flow().nodeAt(u.state.selection.main.head);
        own = true;
        model.selection.set(id ? [id] : []);
        own = false;
      }),
    ]);
    const show = () => {
      const mine = own;
      const [id] = model.selection.nodes();
      const path = id !== undefined ? model.flow().pathOf(id) : undefined;
      const range = path && !model.broken() ? model.flow().range(path) : null;
      // A view may not be changed while it is being changed.
      queueMicrotask(() => {
        if (view.dom.isConnected) view.dispatch({ effects: [choose.of(range), ...(range && !mine && !view.hasFocus ? [EditorView.scrollIntoView(range.from, { y: 'center' })] : [])] });
      });
    };
    let shown = '';
    const mark = () => {
      const c = model.checked();
      const key = `${c?.text === model.text()}${JSON.stringify(c?.problems ?? [])}`;
      if (!c || c.text !== model.text() || key === shown) return;
      shown = key;
      queueMicrotask(() => {
        if (view.dom.isConnected && c.text === view.state.doc.toString()) view.dispatch(setDiagnostics(view.state, marks(view.state.doc, c.problems, (title, edits) => {
          if (c.text === model.text()) model.apply(title, edits);
        })));
        else shown = '';
      });
    };
    show();
    mark();
    const offs = [model.selection.subscribe(show), model.subscribe(mark)];
    return () => {
      for (const off of offs) off();
      model.detach();
    };
  }, [model, label, dark, catalog]);
  return <div className="text-view" ref={box} />;
}
