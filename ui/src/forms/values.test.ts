import { describe, expect, it } from 'vitest';

import { asExpression, at, durationProblem, insertRef, line, put, refOf, shown, textsOf, whole, writeAt, type Field, type Peek } from './values';
import { read } from './Widget';

describe('rules of fields', () => {
  const fields: Field[] = [{ name: 'mode', kind: 'string', default: 'page' }, { name: 'size', kind: 'int', when: 'mode=page' }, { name: 'at', kind: 'string', when: 'mode=cursor' }, { name: 'pdf', kind: 'string' }, { name: 'pages', kind: 'string', when: 'pdf' }];
  const seen = (values: Record<string, unknown>) => fields.filter((f) => shown(f, fields, values)).map((f) => f.name);
  it('go by defaults, values, and what may be', () => {
    expect(seen({})).toEqual(['mode', 'size', 'pdf']);
    expect(seen({ mode: 'cursor' })).toEqual(['mode', 'at', 'pdf']);
    expect(seen({ mode: '{{ vars.m }}', pdf: 'a.pdf' })).toEqual(['mode', 'size', 'at', 'pdf', 'pages']);
  });
  it('do not hide what is set', () => expect(seen({ at: 'x' })).toContain('at'));
});

describe('references', () => {
  it('are written as expressions read them', () => {
    expect(refOf(['nodes', 'fetch', 'rows', 0, 'first name'])).toBe('nodes.fetch.rows[0]["first name"]');
    expect(refOf(['loop', 'item'])).toBe('loop.item');
  });
  it('go where the caret is, with braces unless there are some', () => {
    expect(insertRef('Dear ', 'vars.x')).toEqual({ text: 'Dear {{ vars.x }}', caret: 17 });
    expect(insertRef('a b', 'v', 1, 2).text).toBe('a{{ v }}b');
    expect(insertRef('{{ upper() }}', 'v', 9).text).toBe('{{ upper(v) }}');
    expect(insertRef('{{  }}', 'v').text).toBe('{{ v }}');
    expect(insertRef('{{ a }} ', 'v').text).toBe('{{ a }} {{ v }}');
  });
});

describe('values', () => {
  it('become expressions', () => {
    expect(asExpression(5)).toBe('{{ 5 }}');
    expect(asExpression('a "b"')).toBe('{{ "a \\"b\\"" }}');
    expect(asExpression(undefined)).toBe('{{  }}');
    expect(asExpression('{{ x }}')).toBe('{{ x }}');
  });
  it('are changed at a path and nowhere else', () => {
    const v = { a: [{ b: 1 }, { b: 2 }], c: 'x' };
    expect(put(v, ['a', 1, 'b'], 3)).toEqual({ a: [{ b: 1 }, { b: 3 }], c: 'x' });
    expect(put(v, ['a', 0], undefined)).toEqual({ a: [{ b: 2 }], c: 'x' });
    expect(put(v, ['c'], undefined)).toEqual({ a: v.a });
    expect(v.a[1]).toEqual({ b: 2 });
  });
  it('are written as deep as there is something', () => {
    const v = { p: { a: [{ b: 1 }] } };
    expect(writeAt(v, ['p', 'a', 0, 'b'], 2)).toEqual({ path: ['p', 'a', 0, 'b'], value: 2 });
    expect(writeAt(v, ['p', 'x', 'y', 'z'], 2)).toEqual({ path: ['p', 'x'], value: { y: { z: 2 } } });
    expect(writeAt(v, ['p', 'a', 1, 'b'], 2)).toEqual({ path: ['p', 'a', 1], value: { b: 2 } });
    expect(writeAt(v, ['p', 'new'], 2)).toEqual({ path: ['p', 'new'], value: 2 });
    // Whatever is written comes out where it was meant to.
    for (const path of [['p', 'a', 0, 'b'], ['p', 'x', 'y', 'z'], ['p', 'a', 1, 'b'], ['p', 'a', 0, 'b', 'c']]) {
      const w = writeAt(v, path, 'now');
      expect(at(put(v, w.path, w.value), path)).toBe('now');
    }
  });
  it('hold texts with expressions', () => expect([...textsOf({ a: '{{ x }}', b: ['y', '{{ z }}', { c: '{{ x }}' }] })]).toEqual(['{{ x }}', '{{ z }}']));
  it('are read as they were meant', () => {
    expect(read('5')).toBe(5);
    expect(read('five')).toBe('five');
    expect(read('[1, "a"]')).toEqual([1, 'a']);
    expect(read('{{ vars.x }}')).toBe('{{ vars.x }}');
    expect(read('{"a": "{{ vars.x }}"}')).toEqual({ a: '{{ vars.x }}' });
    expect(read('  ')).toBeUndefined();
  });
});

describe('what is shown of a value', () => {
  const p: Peek = { type: 'map', count: 2, fields: [{ name: 'a', value: { type: 'string', value: '<b>', count: 3 } }, { name: 'l', value: { type: 'list', count: 1, items: [{ type: 'int', value: 1 }] } }] };
  it('is one line of text', () => expect(line(p)).toBe('{a: "<b>", l: [1]}'));
  it('is a value again only if nothing is missing', () => {
    expect(whole(p)).toEqual({ value: { a: '<b>', l: [1] } });
    expect(whole({ type: 'list', count: 100, cut: true, items: [] })).toBeNull();
  });
});

it('times are told from what is none', () => {
  for (const t of ['', '30s', '1m30s', '2.5h', '90', '{{ vars.t }}']) expect(durationProblem(t)).toBeUndefined();
  for (const t of ['soon', '5 minutes', '1x']) expect(durationProblem(t)).toBeTruthy();
});
