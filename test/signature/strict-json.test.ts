import { expect, it } from 'vitest';
import { decodeBase64, FormatError, parseStrictJson } from '../../src/signature/strict-json.ts';

function parse(text: string) {
  return parseStrictJson(Buffer.from(text), 'it');
}

it('reads a JSON object', () => {
  expect(parse('{"a": [1, {"b": "x\\"}{"}], "c": null}')).toEqual({ a: [1, { b: 'x"}{' }], c: null });
});

it.each(['{"a":1,"a":2}', '{"x":{"a":1,"b":[],"a":2}}', String.raw`{"a":1,"\u0061":2}`, '[]{"a":1}'])(
  'refuses %s',
  (text) => {
    expect(() => parse(text)).toThrow(FormatError);
  },
);

it.each([
  '{"a":{"a":1},"b":{"a":2}}',
  '{"a":["b","b"],"b":"a"}',
  String.raw`{"a\\":1,"a":2}`,
  '{"a":"b,","b":":"}',
])('a name may come again elsewhere: %s', (text) => {
  expect(parse(text)).toEqual(JSON.parse(text));
});

it.each(['[1]', '"a"', 'null', '', '{', '\uFEFF{}'])('refuses %j, which is no object', (text) => {
  expect(() => parse(text)).toThrow(FormatError);
});

it('refuses bytes that are not UTF-8', () => {
  expect(() => parseStrictJson(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'it')).toThrow(
    'UTF-8',
  );
});

it('refuses deep nesting', () => {
  expect(() => parse(`{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)).toThrow('nested');
});

it.each(['YQ', 'YQ==\n', 'YR==', 'Y_==', ' YQ=='])('%j is not standard base64', (text) => {
  expect(decodeBase64(text)).toBeUndefined();
});

it('decodes standard base64', () => {
  expect(decodeBase64('YQ==')).toEqual(Buffer.from('a'));
});
