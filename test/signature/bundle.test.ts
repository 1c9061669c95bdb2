// Covers src/signature/log-entry.ts
// Covers src/signature/media-types.ts
// Covers src/signature/stored-signature.ts

import { expect, it } from 'vitest';
import { type Bundle, encodeBundle, parseBundle } from '../../src/signature/bundle.ts';
import { isBundleType } from '../../src/signature/media-types.ts';
import { MAX_BUNDLE, namesDigest } from '../../src/signature/stored-signature.ts';

const ENTRY = {
  logIndex: '7',
  logId: { keyId: 'a2V5' },
  kindVersion: { kind: 'dsse', version: '0.0.1' },
  integratedTime: '1700000000',
  inclusionPromise: { signedEntryTimestamp: 'c2V0' },
  inclusionProof: {
    logIndex: '7',
    rootHash: 'cm9vdA==',
    treeSize: '8',
    hashes: ['aA=='],
    checkpoint: { envelope: 'log\n8\nroot\n\n\u2014 rekor.example.com a2V5c2ln\n' },
  },
  canonicalizedBody: 'e30=',
};
const BUNDLE: Bundle = {
  key: { kind: 'certificate', certificate: Buffer.from('der') },
  logEntries: [ENTRY],
  timestamps: [Buffer.from('time')],
  envelope: {
    payloadType: 'application/vnd.in-toto+json',
    payload: Buffer.from('{}'),
    signature: Buffer.from('s'),
  },
};

/** The JSON of a bundle with other fields, and with other fields of its material. */
function jsonOf(changes: object = {}, material: object = {}, bundle = BUNDLE): object {
  const json: { verificationMaterial: object } = JSON.parse(Buffer.from(encodeBundle(bundle)).toString());
  return { ...json, verificationMaterial: { ...json.verificationMaterial, ...material }, ...changes };
}

function parse(json: unknown) {
  return parseBundle(Buffer.from(JSON.stringify(json)));
}

function parseEntry(changes: object) {
  return parse(jsonOf({}, { tlogEntries: [{ ...ENTRY, ...changes }] })).logEntries[0];
}

it('reads what it writes', () => {
  expect(parse(jsonOf())).toEqual(BUNDLE);
  const byKey: Bundle = { ...BUNDLE, key: { kind: 'key', hint: 'hint' }, logEntries: [], timestamps: [] };
  expect(parse(jsonOf({}, {}, byKey))).toEqual(byKey);
});

it('takes the first certificate of the chain of an older bundle', () => {
  const certificates = [{ rawBytes: 'ZGVy' }, { rawBytes: 'Y2E=' }];
  const json = jsonOf(
    { mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2' },
    { certificate: undefined, x509CertificateChain: { certificates } },
  );
  expect(parse(json).key).toEqual(BUNDLE.key);
});

it.each([
  ['another media type', { mediaType: 'application/json' }],
  ['no material', { verificationMaterial: undefined }],
  ['a message', { messageSignature: {} }],
  ['no envelope', { dsseEnvelope: undefined }],
])('refuses a bundle with %s', (_, changes) => {
  expect(() => parse(jsonOf(changes))).toThrow('the bundle');
});

it.each([
  ['a certificate and a key', { publicKey: { hint: '' } }],
  ['no key', { certificate: undefined }],
  ['a certificate in hexadecimal', { certificate: { rawBytes: 'abc' } }],
  ['nine log entries', { tlogEntries: Array.from({ length: 9 }, () => ENTRY) }],
  ['entries that are no list', { tlogEntries: { length: 1 } }],
  ['a broken timestamp', { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: '?' }] } }],
])('refuses verification material with %s', (_, material) => {
  expect(() => parse(jsonOf({}, material))).toThrow('the bundle');
});

it('refuses an oversized bundle before it is parsed', () => {
  expect(() => parseBundle(Buffer.alloc(MAX_BUNDLE + 1, 0x7b))).toThrow('larger than 16777216 bytes');
});

it('refuses a key that stands twice', () => {
  const text = JSON.stringify(jsonOf()).replace('"dsseEnvelope":', '"dsseEnvelope":{},"dsseEnvelope":');
  expect(() => parseBundle(Buffer.from(text))).toThrow('"dsseEnvelope" twice');
});

it('null and the zero of protobuf are unset', () => {
  const { inclusionPromise: _, ...others } = ENTRY;
  expect(parseEntry({ inclusionPromise: null, integratedTime: null, logIndex: undefined })).toEqual({
    ...others,
    logIndex: '0',
    integratedTime: undefined,
  });
});

it.each([
  ['no proof and no promise', { inclusionPromise: undefined, inclusionProof: undefined }],
  ['no body', { canonicalizedBody: '' }],
  ['no kind', { kindVersion: { version: '0.0.1' } }],
  ['a time that is no number', { integratedTime: '1e9' }],
  ['a negative index', { logIndex: '-1' }],
  [
    '65 hashes',
    { inclusionProof: { ...ENTRY.inclusionProof, hashes: Array.from({ length: 65 }, () => 'aA==') } },
  ],
  [
    'an expression as signer of the checkpoint',
    {
      inclusionProof: { ...ENTRY.inclusionProof, checkpoint: { envelope: 'l\n\n\u2014 (a+)+$ a2V5c2ln\n' } },
    },
  ],
  [
    'a huge checkpoint',
    { inclusionProof: { ...ENTRY.inclusionProof, checkpoint: { envelope: 'l'.repeat(20_000) } } },
  ],
])('refuses a log entry with %s', (_, changes) => {
  expect(() => parseEntry(changes)).toThrow('log entry');
});

it.each([
  ['application/vnd.dev.sigstore.bundle.v0.3+json', true],
  ['application/vnd.dev.sigstore.bundle+json;version=0.1', true],
  ['application/vnd.dev.sigstore.bundle.v1.0+json', false],
  ['application/vnd.dev.sigstore.bundle', false],
])('%s is a bundle: %s', (mediaType, expected) => {
  expect(isBundleType(mediaType)).toBe(expected);
});

it('a signature names its own digests and no other', () => {
  const signature = {
    signer: { kind: 'key', fingerprint: '' } as const,
    subjects: ['sha256:a', 'sha256:b'],
    statement: undefined,
  };
  expect(['sha256:a', 'sha256:b', 'sha256:c'].map((digest) => namesDigest(signature, digest))).toEqual([
    true,
    true,
    false,
  ]);
});
