import { describe, expect, it } from 'vitest';

import { apply } from '../edits';
import { complete } from './complete';
import { wordAt } from './where';
import { explain, type Catalog, type NodeType } from './words';

const node = (type: string, more: Partial<NodeType>): NodeType => ({ type, family: type.split('.')[0] ?? '', title: type, doc: `Does ${type}.`, effect: 'pure', ports: [{ name: 'next' }, { name: 'error' }], input: [], output: [], ...more });
const catalog: Catalog = {
  families: [],
  nodes: [
    node('text.trim', { input: [{ name: 'text', kind: 'string', doc: 'Text to trim.', required: true }, { name: 'side', kind: 'string', enum: ['both', 'left'] }], output: [{ name: 'result', kind: 'string', doc: 'The text.' }] }),
    node('flow.if', { ports: [{ name: 'then' }, { name: 'else' }], input: [{ name: 'condition', kind: 'expression' }] }),
    node('http.request', { input: [{ name: 'auth', kind: 'object', fields: [{ name: 'user', kind: 'string' }] }, { name: 'follow', kind: 'bool' }], output: [{ name: 'body', kind: 'object', fields: [{ name: 'id', kind: 'int' }] }] }),
  ],
  roots: [{ name: 'inputs', doc: 'Inputs.' }, { name: 'nodes', doc: 'Outputs.' }, { name: 'run', doc: 'The run.', fields: [{ name: 'id', kind: 'string' }] }],
  functions: [{ name: 'upper', signature: 'upper(text)', doc: 'In capitals.' }],
  keys: { types: ['string', 'int'], on_error: ['fail', 'continue'], on_interrupted: ['ask'], heal: ['off'], trace: ['never'], failures: ['timeout', 'http'], reserved: [] },
};

/** What is offered at |, by name. */
function offered(text: string, asked = true): string[] {
  const at = text.indexOf('|');
  return complete(catalog, text.replace('|', ''), at, asked)?.offers.map((o) => o.name) ?? [];
}
/** The text after an offer was taken. */
function taken(text: string, name: string): string | undefined {
  const at = text.indexOf('|');
  const plain = text.replace('|', '');
  const found = complete(catalog, plain, at, true);
  const offer = found?.offers.find((o) => o.name === name);
  return offer && found ? apply(plain, [{ from: found.from, to: at, text: offer.apply }]) : undefined;
}

const head = 'aether: 1\nname: f\ninputs: {who: string}\nnodes:\n- id: a\n  type: text.trim\n';

describe('complete', () => {
  it('offers keys that are not there yet', () => {
    expect(offered('aether: 1\n|')).toContain('nodes');
    expect(offered('aether: 1\n|')).not.toContain('aether');
    expect(offered(`${head}  |`)).toEqual(expect.arrayContaining(['params', 'title', 'retry']));
    expect(offered(`${head}  |`)).not.toContain('type');
    expect(taken(`${head}  par|`, 'params')).toBe(`${head}  params: `);
  });
  it('offers params of the type, the required first', () => {
    expect(offered(`${head}  params:\n    |`)).toEqual(['text', 'side']);
    expect(offered(`${head}  params:\n    text: x\n    s|`)).toEqual(['side']);
    expect(offered(`${head}  params: {|}`)).toEqual(['text', 'side']);
    expect(offered(`aether: 1\nnodes:\n- {id: r, type: http.request, params: {auth: {|}}}`)).toEqual(['user']);
  });
  it('offers values: types, choices, true and false, ids', () => {
    expect(offered('nodes:\n- id: a\n  type: te|')).toContain('text.trim');
    expect(taken('nodes:\n- id: a\n  type: text.t|', 'text.trim')).toBe('nodes:\n- id: a\n  type: text.trim');
    expect(offered(`${head}  params:\n    side: |`)).toEqual(['both', 'left']);
    expect(offered(`${head}  on_error: c|`)).toEqual(['fail', 'continue']);
    expect(offered(`${head}  retry: {max_attempts: 2, on: [|]}`)).toEqual(['timeout', 'http']);
    expect(offered(`nodes:\n- {id: r, type: http.request, params: {follow: |}}`)).toEqual(['true', 'false']);
    expect(offered('start: |\nnodes:\n- {id: a, type: x}')).toEqual(['a']);
    expect(offered('inputs:\n  day: s|\nnodes: []')).toEqual(['string', 'int']);
  });
  it('offers nodes and ports in wires', () => {
    const two = 'nodes:\n- {id: a, type: text.trim}\n- {id: b, type: flow.if}\nedges:\n- ';
    expect(offered(`${two}|`)).toEqual(['a', 'b']);
    expect(taken(`${two}a|`, 'a')).toBe(`${two}a -> `);
    expect(taken(`${two}b|`, 'b')).toBe(`${two}b.`);
    expect(offered(`${two}b.|`)).toEqual(['then', 'else']);
    expect(taken(`${two}b.th|`, 'then')).toBe(`${two}b.then -> `);
    expect(offered(`${two}a -> |`)).toEqual(['a', 'b']);
  });
  it('offers what expressions can read', () => {
    const say = `${head}- id: say\n  type: text.trim\n  params:\n    text: `;
    expect(offered(`${say}'{{ |`)).toEqual(expect.arrayContaining(['inputs', 'nodes', 'upper']));
    expect(taken(`${say}'{{ up|`, 'upper')).toBe(`${say}'{{ upper(`);
    expect(offered(`${say}'{{ inputs.|`)).toEqual(['who']);
    expect(offered(`${say}'{{ nodes.|`)).toEqual(['a']);
    expect(offered(`${say}'{{ nodes.a.| }}'`)).toEqual(['result']);
    expect(offered(`${say}'{{ upper(run.|) }}'`)).toEqual(['id']);
    expect(offered(`nodes:\n- {id: r, type: http.request}\n- {id: s, type: text.trim, params: {text: '{{ nodes.r.body.| }}'}}`)).toEqual(['id']);
  });
  it('works in JSON', () => {
    const json = '{"aether": 1, "nodes": [{"id": "a", "type": "text.trim", "params": {';
    expect(offered(`${json}"|"}}]}`)).toEqual(['text', 'side']);
    expect(taken(`${json}"te|"}}]}`, 'text')).toBe(`${json}"text"}}]}`);
    expect(taken(`${json}|}}]}`, 'text')).toBe(`${json}"text": }}]}`);
    expect(offered(`${json}"side": "|"}}]}`)).toEqual(['both', 'left']);
  });
  it('survives any text, at any place', () => {
    const text = `${head}  params: {text: '{{ inputs.who }}', side: [}\nedges: [a -> , "b]\n&x *y: !!z\n{{ "`;
    for (let i = 0; i <= text.length; i++) expect(() => complete(catalog, text, i, true)).not.toThrow();
  });
});

describe('explain', () => {
  const said = (text: string, word: string) => {
    const w = wordAt(text, text.indexOf(word) + 1);
    return w && explain(catalog, { nodes: [{ id: 'a', type: 'text.trim' }] }, w.path, w.key, w.text);
  };
  it('says what a type, a param and a key are', () => {
    const text = `nodes:\n- id: a\n  type: text.trim\n  params:\n    side: left\n  on_error: fail\n`;
    expect(said(text, 'text.trim')?.doc).toBe('Does text.trim.');
    expect(said(text, 'side')?.title).toContain('both, left');
    expect(said(text, 'on_error')?.doc).toContain('continue with the next node');
  });
});
