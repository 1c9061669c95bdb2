import { expect, it } from 'vitest';
import { envelopeJson, parseEnvelope, preAuthEncoding } from '../../src/signature/dsse.ts';

const ENVELOPE = {
  payloadType: 'application/vnd.in-toto+json',
  payload: Buffer.from('{}'),
  signature: Buffer.from('s'),
};

function parse(changes: object) {
  return parseEnvelope(Buffer.from(JSON.stringify({ ...envelopeJson(ENVELOPE), ...changes })));
}

it('encodes as the example of the specification', () => {
  const encoded = preAuthEncoding({
    payloadType: 'http://example.com/HelloWorld',
    payload: Buffer.from('hello world'),
  });
  expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

it('counts bytes, not characters', () => {
  expect(Buffer.from(preAuthEncoding({ payloadType: 'é', payload: Buffer.from('ü') })).toString()).toBe(
    'DSSEv1 2 é 2 ü',
  );
});

it('reads what it writes, and writes no keyid', () => {
  expect(parse({})).toEqual(ENVELOPE);
  expect(JSON.stringify(envelopeJson(ENVELOPE))).not.toContain('keyid');
});

it.each([
  ['no signature', { signatures: [] }],
  ['two signatures', { signatures: [{ sig: 'cw==' }, { sig: 'cw==' }] }],
  ['an empty signature', { signatures: [{ sig: '' }] }],
  ['no payload', { payload: undefined }],
  ['an empty payload', { payload: '' }],
  ['a payload that is not base64', { payload: '{}' }],
  ['no payload type', { payloadType: '' }],
])('refuses an envelope with %s', (_, changes) => {
  expect(() => parse(changes)).toThrow('DSSE envelope');
});

it('ignores a keyid', () => {
  expect(parse({ signatures: [{ keyid: 'any', sig: 'cw==' }] })).toEqual(ENVELOPE);
});
