import { expect, it } from 'vitest';
import {
  encodeRekorBundle,
  encodeTimestamp,
  parseRekorBundle,
  parseTimestamp,
} from '../../src/signature/rekor-bundle.ts';

const BODY = Buffer.from('{"apiVersion":"0.0.1","kind":"hashedrekord"}').toString('base64');
const PAYLOAD = { body: BODY, integratedTime: 1_700_000_000, logIndex: 7, logID: 'ab'.repeat(32) };
const ENTRY = {
  logIndex: '7',
  logId: { keyId: Buffer.from('ab'.repeat(32), 'hex').toString('base64') },
  kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
  integratedTime: '1700000000',
  inclusionPromise: { signedEntryTimestamp: 'c2V0' },
  canonicalizedBody: BODY,
};

function parse(payload: object) {
  return parseRekorBundle(JSON.stringify({ SignedEntryTimestamp: 'c2V0', Payload: payload }));
}

it('reads and writes the annotation of cosign', () => {
  expect(parse(PAYLOAD)).toEqual(ENTRY);
  expect(JSON.parse(encodeRekorBundle(ENTRY))).toEqual({ SignedEntryTimestamp: 'c2V0', Payload: PAYLOAD });
});

it('an inclusion proof has no place in it', () => {
  const { inclusionPromise: _, ...others } = ENTRY;
  expect(() => encodeRekorBundle(others)).toThrow('without a signed entry timestamp');
});

it.each([
  ['no body', { ...PAYLOAD, body: undefined }],
  ['a body that is no JSON', { ...PAYLOAD, body: 'YQ==' }],
  ['a body without a kind', { ...PAYLOAD, body: 'e30=' }],
  ['a short log ID', { ...PAYLOAD, logID: 'ab' }],
  ['a time that is no number', { ...PAYLOAD, integratedTime: 'now' }],
])('refuses an entry with %s', (_, payload) => {
  expect(() => parse(payload)).toThrow('log entry');
});

it('reads and writes timestamps', () => {
  const bytes = Buffer.from('der');
  expect(parseTimestamp(encodeTimestamp(bytes))).toEqual(bytes);
  expect(() => parseTimestamp('{}')).toThrow('SignedRFC3161Timestamp');
});
