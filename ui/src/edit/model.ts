import { history, invertedEffects, isolateHistory, redo, redoDepth, undo, undoDepth } from '@codemirror/commands';
import { Compartment, EditorState, StateEffect, StateField, type Extension, type Transaction, type TransactionSpec } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useSyncExternalStore } from 'react';

import type { Schemas } from '../api/client';
import type { NodeState } from '../run/state';
import { parse, type ParsedFlow } from './parse';
import { Selection } from './selection';
import { Store } from './store';
import type { TextEdit } from './source';

/** The version that a flow was opened from; nothing for a new one. */
export interface Base {
  digest: string;
  text: string;
  /** What to send as If-Match, so that nobody else's version is written over. */
  tag?: string;
  /** The name of its file. */
  file?: string;
}

/** What the server says of a text. */
export interface Checked {
  /** The text that was checked. */
  text: string;
  digest: string;
  problems: Problem[];
  /** Labels and digests of versions that mean the same. */
  sameAs: string[];
}

export type Problem = Schemas['FoundProblem'];

const setBase = StateEffect.define<Base>();

/** The version that the text is measured by. It stands in the state, since undoing a merge undoes what it was made with. */
const baseOf = StateField.define<Base>({
  create: () => ({ digest: '', text: '' }),
  update: (base, tr) => tr.effects.reduce((b, e) => (e.is(setBase) ? e.value : b), base),
});
const baseComesBack = invertedEffects.of((tr) => (tr.docChanged && tr.effects.some((e) => e.is(setBase)) ? [setBase.of(tr.startState.field(baseOf))] : []));

/**
 * A flow that is edited: one text, in one CodeMirror state, for the canvas and the text view alike. All that is shown is
 * derived from it, and one list of what can be undone is kept for both.
 */
export class Model {
  readonly selection = new Selection();
  /** The node whose panel is open. */
  readonly opened = new Store<string | undefined>(undefined);
  /** What a try of the flow has made of its nodes, to be painted on the canvas. */
  readonly painted = new Store<ReadonlyMap<string, NodeState> | null>(null);
  /** Nodes whose output is pinned. */
  readonly pinned = new Store<ReadonlySet<string>>(new Set());
  /** Nodes that a run which is tried stops before. */
  readonly breaks = new Store<ReadonlySet<string>>(new Set());
  state: EditorState;
  private readonly extras = new Compartment();
  private view: EditorView | null = null;
  private readonly listeners = new Set<() => void>();
  private shown: ParsedFlow;
  private wrong: string | null = null;
  private titles: string[] = [];
  private answer: Checked | null = null;
  private count = 0;
  private readonly crlf: boolean;

  constructor(base: Base, text = base.text) {
    this.crlf = /\r\n/.test(base.text || text);
    this.state = EditorState.create({ doc: unified(text), extensions: [history(), baseOf.init(() => kept(base)), baseComesBack, this.extras.of([])] });
    this.shown = parse(this.text()).flow;
    this.look();
  }

  /** The version that the text was opened from, saved as or merged with. */
  get base(): Base {
    return this.state.field(baseOf);
  }
  /** The text, with \n at the end of each line. */
  readonly text = (): string => this.state.doc.toString();
  /** The text as it is kept in a file: with the ends of lines that it came with. */
  readonly file = (): string => (this.crlf ? this.text().replaceAll('\n', '\r\n') : this.text());
  /** The flow; the last one that could be read, while the text cannot be. */
  readonly flow = (): ParsedFlow => this.shown;
  /** Why the text cannot be read. */
  readonly broken = (): string | null => this.wrong;
  readonly canUndo = (): boolean => undoDepth(this.state) > 0;
  readonly canRedo = (): boolean => redoDepth(this.state) > 0;
  /** What would be undone, and done again. */
  readonly undoTitle = (): string => this.titles[undoDepth(this.state) - 1] ?? 'Typing';
  readonly redoTitle = (): string => this.titles[undoDepth(this.state)] ?? 'Typing';
  /** Counts changes; one number for each state that was. */
  readonly version = (): number => this.count;
  /** What the server said last; of this text or of one before. */
  readonly checked = (): Checked | null => this.answer;

  readonly subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  };

  /** Whether this means something else than the version it was opened from, as far as is known. */
  readonly dirty = (): boolean => {
    const text = this.text();
    if (this.base.digest && text === this.base.text) return false;
    return !(this.base.digest && this.answer?.text === text && this.answer.digest === this.base.digest);
  };

  /** Makes edits, as one thing that can be undone. */
  readonly apply = (title: string, edits: TextEdit[]): void => {
    const real = edits.filter((e) => e.text !== this.state.sliceDoc(e.from, e.to));
    if (!real.length) return;
    this.dispatch({ changes: real.map((e) => ({ from: e.from, to: e.to, insert: e.text })), annotations: isolateHistory.of('full'), userEvent: 'input.canvas' }, title);
  };

  readonly undo = (): void => void undo({ state: this.state, dispatch: (tr) => this.take([tr]) });
  readonly redo = (): void => void redo({ state: this.state, dispatch: (tr) => this.take([tr]) });

  /** Takes a change of the text or of what the text view looks like. */
  readonly dispatch = (spec: TransactionSpec, title?: string): void => this.take([this.state.update(spec)], title);

  /** Makes a view of the text; there is one at a time. Its extensions are its own and go with it. */
  attach(parent: HTMLElement, extensions: Extension): EditorView {
    this.dispatch({ effects: this.extras.reconfigure(extensions) });
    this.view = new EditorView({ parent, state: this.state, dispatchTransactions: (trs) => this.take(trs) });
    return this.view;
  }
  detach(): void {
    this.view?.destroy();
    this.view = null;
    this.dispatch({ effects: this.extras.reconfigure([]) });
  }

  /** Notes what the server said of a text. */
  readonly setChecked = (c: Checked): void => {
    this.answer = c;
    this.changed();
  };

  /** The text was saved as a version: from now on it is what changes are measured by. */
  readonly saved = (base: Base): void => this.dispatch({ effects: setBase.of(kept(base)) });
  /**
   * The text was put together with a version that somebody else saved. Undoing that also forgets the version, so that
   * what is saved then is put together with it again and not written over it.
   */
  readonly merged = (base: Base, text: string): void =>
    this.dispatch({ changes: { from: 0, to: this.state.doc.length, insert: unified(text) }, effects: setBase.of(kept(base)), annotations: isolateHistory.of('full'), userEvent: 'input.merge' }, 'Put together with the saved version');

  private take(trs: readonly Transaction[], title?: string): void {
    const last = trs.at(-1);
    if (!last) return;
    for (const tr of trs) this.note(tr, title);
    this.state = last.state;
    this.view?.update(trs);
    if (trs.some((t) => t.docChanged)) this.look();
    this.changed();
  }

  /** Keeps the titles in step with the list of what can be undone. */
  private note(tr: Transaction, title?: string): void {
    if (!tr.docChanged || tr.isUserEvent('undo') || tr.isUserEvent('redo')) return;
    const depth = undoDepth(tr.state);
    if (depth > undoDepth(tr.startState) || this.titles.length > depth) this.titles = [...this.titles.slice(0, depth - 1), title ?? 'Typing'];
  }

  private look(): void {
    const { flow, wrong } = parse(this.text());
    const lines = wrong ? `line ${this.state.doc.lineAt(Math.min(wrong.at, this.state.doc.length)).number}: ${wrong.message}` : null;
    this.wrong = lines;
    if (lines && this.count > 0) return;
    this.shown = flow;
    this.selection.keep((id) => id.includes(':') || flow.byId.has(id));
  }

  private changed(): void {
    this.count++;
    for (const f of this.listeners) f();
  }
}

const kept = (base: Base): Base => ({ ...base, text: unified(base.text) });
const unified = (text: string) => text.replaceAll('\r\n', '\n');

/** Renders again whenever the model changes. */
export function useModel(model: Model): Model {
  useSyncExternalStore(model.subscribe, model.version);
  return model;
}
