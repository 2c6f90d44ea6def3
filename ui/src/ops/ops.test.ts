import { expect, test } from 'vitest';

import { columns, decode } from './csv';
import { age, bytes, count, local, moment } from './format';
import { fieldsOf, initial, readContent } from './schema';

test('a form is made of a schema, and what no field fits is JSON', () => {
  const fields = fieldsOf({
    type: 'object',
    required: ['name', 'total'],
    properties: {
      name: { type: 'string', title: 'Name', description: 'of the customer' },
      total: { type: ['number', 'null'] },
      n: { type: 'integer', default: 3 },
      paid: { type: 'boolean' },
      kind: { enum: ['a', 2] },
      day: { type: 'string', format: 'date' },
      lines: { type: 'array' },
      any: {},
    },
  });
  expect(fields?.map((f) => [f.name, f.kind, f.required])).toEqual([
    ['name', 'text', true],
    ['total', 'number', true],
    ['n', 'integer', false],
    ['paid', 'flag', false],
    ['kind', 'choice', false],
    ['day', 'date', false],
    ['lines', 'json', false],
    ['any', 'json', false],
  ]);
  expect(fields?.[0]?.label).toBe('Name');
  expect(initial(fields)).toEqual({ n: 3 });
  for (const none of [undefined, null, true, {}, { properties: {} }, { properties: [] }]) expect(fieldsOf(none)).toBeNull();
});

test('a content is an object', () => {
  expect(readContent('{"a": 1}').content).toEqual({ a: 1 });
  expect(readContent(' ').content).toEqual({});
  expect(readContent('[1]').bad).toMatch(/object/);
  expect(readContent('{').bad).toMatch(/no JSON/);
});

test('a file of a spreadsheet is read whatever wrote it', () => {
  expect(decode(new TextEncoder().encode('Größe').buffer as ArrayBuffer)).toEqual({ text: 'Größe', encoding: 'UTF-8' });
  expect(decode(new Uint8Array([0x47, 0xf6]).buffer)).toEqual({ text: 'Gö', encoding: 'Windows-1252' });
  expect(columns('\uFEFFno;"a;b";"say ""hi"""\r\n1;2;3')).toEqual(['no', 'a;b', 'say "hi"']);
  expect(columns('a|b,c|d')).toEqual(['a', 'b,c', 'd']);
  expect(columns('')).toEqual([]);
});

test('figures read well', () => {
  expect(bytes(0)).toBe('0 bytes');
  expect(bytes(1536)).toBe('1.5 KiB');
  expect(bytes(3 * 1024 ** 3)).toBe('3.0 GiB');
  expect(count(1, 'item')).toBe('1 item');
  expect(count(1200, 'item')).toBe('1,200 items');
  const now = Date.parse('2026-01-01T12:00:00Z');
  expect(age('2026-01-01T11:59:30Z', now)).toBe('30 s');
  expect(age('2026-01-01T09:00:00Z', now)).toBe('3 h');
  expect(age('2025-12-25T12:00:00Z', now)).toBe('7 d');
  expect(age('2026-01-01T13:00:00Z', now)).toBe('0 s');
});

test('a time goes through an input and back', () => {
  expect(moment(local('2026-03-29T10:30:00Z'))).toBe('2026-03-29T10:30:00.000Z');
  expect(local(undefined)).toBe('');
  expect(moment('')).toBe('0001-01-01T00:00:00Z');
});
