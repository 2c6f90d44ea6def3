import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, defaultHighlightStyle, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentService, indentUnit, syntaxHighlighting, type IndentContext } from '@codemirror/language';
import { lintGutter, lintKeymap, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, Prec, type Extension, type Text } from '@codemirror/state';
import { oneDark } from '@codemirror/theme-one-dark';
import { tags } from '@lezer/highlight';
import { drawSelection, EditorView, highlightActiveLine, highlightSpecialChars, hoverTooltip, keymap, lineNumbers } from '@codemirror/view';

import { nonce } from '../../nonce';
import type { Problem } from '../model';
import { complete, type Offer } from './complete';
import { explain, ids, types, type Catalog } from './words';
import { wordAt } from './where';
import { read } from '../source';

/** What makes a text an editor of flows. */
export function editor(o: { label: string; json: boolean; dark: boolean; catalog: Catalog | undefined }): Extension {
  return [
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    highlightSpecialChars(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    indentUnit.of('  '),
    o.json ? [] : indentService.of(deeper),
    EditorState.tabSize.of(2),
    EditorView.lineWrapping,
    EditorView.cspNonce.of(nonce),
    EditorView.contentAttributes.of({ 'aria-label': o.label, spellcheck: 'false' }),
    o.json ? json() : yaml(),
    look(o.dark),
    o.catalog ? help(o.catalog) : [],
    keymap.of([{ key: 'Tab', run: (v) => acceptCompletion(v) || completionStatus(v.state) === 'active' }, ...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...foldKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
  ];
}

/** Behind a key that has no value yet a line begins further right. */
function deeper(ctx: IndentContext, at: number): number | undefined {
  const above = ctx.lineAt(at, -1).text;
  const key = /^(\s*(?:-\s+)*)[\w"'.-]+:\s*(?:#.*)?$/.exec(above);
  return key ? (key[1]?.length ?? 0) + 2 : undefined;
}

/** How a flow's text is coloured. */
export function look(dark: boolean): Extension {
  return dark ? [Prec.high(syntaxHighlighting(brighter)), oneDark] : syntaxHighlighting(defaultHighlightStyle, { fallback: true });
}

/** Comments and signs that are legible on the dark ground. */
const brighter = HighlightStyle.define([
  { tag: [tags.comment, tags.meta], color: '#a3adbd' },
  { tag: [tags.propertyName, tags.name], color: '#f08c95' },
]);

const kinds: Record<Offer['kind'], string> = { key: 'property', type: 'class', value: 'enum', node: 'variable', port: 'interface', function: 'function', root: 'namespace', field: 'property' };

function help(catalog: Catalog): Extension {
  const source = (ctx: CompletionContext): CompletionResult | null => {
    const found = complete(catalog, ctx.state.doc.toString(), ctx.pos, ctx.explicit);
    if (!found || (!ctx.explicit && ctx.pos === found.from && !/[.{ -]$/.test(ctx.state.sliceDoc(ctx.pos - 1, ctx.pos)))) return null;
    return {
      from: found.from,
      validFor: /^[\w-]*$/,
      options: found.offers.map((f, i): Completion => ({ label: f.name, apply: f.apply, detail: f.detail, type: kinds[f.kind], boost: f.required ? 50 : -Math.min(i, 90) / 10, info: f.doc ? () => paragraph(f.required ? `Required. ${f.doc}` : f.doc) : undefined })),
    };
  };
  return [
    autocompletion({ override: [source], activateOnTypingDelay: 60, icons: false, maxRenderedOptions: 80 }),
    hoverTooltip((view, at) => {
      const text = view.state.doc.toString();
      const name = expressionWord(text, at);
      const f = name && catalog.functions.find((x) => x.name === name.text);
      const said = f ? { title: f.signature, doc: f.doc, from: name.from, to: name.to } : about(catalog, text, at);
      if (!said) return null;
      return { pos: said.from, end: said.to, above: true, create: () => ({ dom: card(said.title, said.doc) }) };
    }),
  ];
}

function about(catalog: Catalog, text: string, at: number) {
  const w = wordAt(text, at);
  if (!w) return null;
  const said = explain(catalog, read(text).value, w.path, w.key, w.text);
  if (said) return { ...said, from: w.from, to: w.to };
  if (w.path[0] !== 'edges' || w.path.length !== 2) return null;
  const word = expressionWord(text, at, true);
  const node = word && ids(read(text).value).find((n) => n.id === word.text);
  return node ? { title: `${node.id} · ${node.type}`, doc: node.title || (types(catalog).get(node.type)?.title ?? ''), from: word.from, to: word.to } : null;
}

function expressionWord(text: string, at: number, anywhere = false): { text: string; from: number; to: number } | null {
  const open = text.lastIndexOf('{{', at);
  if (!anywhere && (open < 0 || text.slice(open, at).includes('}}'))) return null;
  const from = at - (/\w*$/.exec(text.slice(0, at))?.[0].length ?? 0);
  const to = at + (/^\w*/.exec(text.slice(at))?.[0].length ?? 0);
  return from < to ? { text: text.slice(from, to), from, to } : null;
}

const paragraph = (text: string) => {
  const p = document.createElement('div');
  p.className = 'code-doc';
  p.textContent = text;
  return p;
};

function card(title: string, doc: string) {
  const box = document.createElement('div');
  box.className = 'code-card';
  const head = document.createElement('strong');
  head.textContent = title;
  box.append(head, paragraph(doc));
  return box;
}

/** The place of a line and column, which count characters. */
export function placeOf(doc: Text, line: number | undefined, column: number | undefined): number {
  if (!line) return 0;
  if (line > doc.lines) return doc.line(doc.lines).from;
  const l = doc.line(line);
  const before = [...l.text].slice(0, Math.max(0, (column ?? 1) - 1)).join('');
  return Math.min(l.from + before.length, l.to);
}

/** Problems as marks in the text, with what mends them. */
export function marks(doc: Text, problems: readonly Problem[], mend: (title: string, edits: { from: number; to: number; text: string }[]) => void): Diagnostic[] {
  return problems.map((p) => {
    const from = placeOf(doc, p.line, p.column ?? 1);
    const line = doc.lineAt(from);
    const word = /^(?:"[^"]*"|'[^']*'|[^\s,:{}[\]#]+)/.exec(line.text.slice(from - line.from))?.[0].length ?? 0;
    const { fix } = p;
    return {
      from,
      to: Math.min(from + word, doc.length),
      severity: p.severity === 'warning' ? 'warning' : 'error',
      message: p.remedy ? `${p.message} (${p.remedy})` : p.message,
      actions: fix ? [{ name: fix.title, apply: () => mend(fix.title, fix.edits) }] : [],
    };
  });
}
