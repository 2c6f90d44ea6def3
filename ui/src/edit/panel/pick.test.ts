import { describe, expect, it } from 'vitest';

import { parse } from '../parse';
import { addressBefore, extractOf, targetOf } from './pick';

const flow = (first: string) => parse(`aether: 1
name: x
inputs:
  site: {type: string, default: "https://a.example"}
  other: {type: string}
nodes:
  - id: open
    type: web.open
    params: {url: ${JSON.stringify(first)}}
  - id: choose
    type: flow.if
    params: {condition: "{{ true }}"}
  - {id: save, type: web.click, params: {target: text=Save}}
  - {id: away, type: web.goto, params: {url: "https://b.example"}}
edges:
  - open -> choose
  - choose.true -> save
  - save -> away
  - away -> choose
`).flow;

describe('picking in the editor', () => {
  it('begins where the flow is by then', () => {
    expect(addressBefore(flow('https://shop.example/login'), 'choose')).toBe('https://shop.example/login');
    expect(addressBefore(flow('{{ inputs.site }}/login'), 'open')).toBe('');
    expect(addressBefore(flow('{{ inputs.site }}/login'), 'choose')).toBe('https://a.example/login');
    expect(addressBefore(flow('{{ inputs.other }}/login'), 'choose')).toBe('');
    expect(addressBefore(flow('https://shop.example/'), 'save')).toBe('https://shop.example/');
  });
  it('takes what was chosen, and never nothing', () => {
    const picked = { target: { queries: ['a', 'b', 'c'], print: { v: 1 } } };
    expect(targetOf(picked, [false, true, true])).toEqual({ queries: ['b', 'c'], print: { v: 1 } });
    expect(targetOf(picked, [false, false, false])).toEqual(picked.target);
    const params = { target: 'css=li', fields: { name: 'css=h2', price: { query: 'css=.p', optional: true } } };
    expect(extractOf(params, [{ name: 'name', as: 'name', on: false }, { name: 'price', as: 'cost', on: true }])).toEqual({ target: 'css=li', fields: { cost: { query: 'css=.p', optional: true } } });
  });
});
