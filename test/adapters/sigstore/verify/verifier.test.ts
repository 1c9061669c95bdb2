// Covers src/adapters/sigstore/verify/evidence.ts
// Covers src/adapters/sigstore/verify/log-body.ts
// Covers src/adapters/sigstore/verify/signed-entity.ts

import { generateKeyPairSync, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { trustedKey } from '../../../../src/signature/public-keys.ts';
import { readTrustedRoot } from '../../../../src/adapters/sigstore/verify/trusted-root.ts';
import { createVerifier } from '../../../../src/adapters/sigstore/verify/verifier.ts';
import { type Bundle, encodeBundle } from '../../../../src/signature/bundle.ts';
import { envelopeJson, preAuthEncoding } from '../../../../src/signature/dsse.ts';
import type { LogEntry } from '../../../../src/signature/log-entry.ts';
import { IN_TOTO } from '../../../../src/signature/media-types.ts';
import { makeSimpleSigning } from '../../../../src/signature/simple-signing.ts';
import { makeStatement } from '../../../../src/signature/statement.ts';
import { namesDigest, type StoredSignature } from '../../../../src/signature/stored-signature.ts';
import { digest } from '../../../builders/manifests.ts';
import {
  createSigstore,
  IDENTITY,
  ISSUER,
  newKey,
  type Sigstore,
  type SigningKey,
  stored,
} from '../../../doubles/sigstore.ts';

const [IMAGE, OTHER] = [digest('a'), digest('b')];
const CONTENT = { predicateType: 'https://slsa.dev/provenance/v1', predicate: { build: 1 } };
const STATEMENT = makeStatement([{ digest: IMAGE }], CONTENT);
const PAYLOAD = makeSimpleSigning({ dockerReference: 'registry.example.com/app', digest: IMAGE });
const SIGNER = { kind: 'certificate', issuer: ISSUER, identity: IDENTITY };

let sigstore: Sigstore;
let signer: SigningKey;

beforeAll(async () => {
  sigstore = await createSigstore();
  signer = await sigstore.certificate();
});

interface Given {
  readonly keys?: readonly SigningKey[];
  readonly root?: Uint8Array;
}

async function verify(signature: StoredSignature, { keys = [], root = sigstore.trustedRoot }: Given = {}) {
  const verifier = createVerifier({
    root: readTrustedRoot(root, 'root.json'),
    keys: keys.map(({ publicKey }) => trustedKey(publicKey)),
  });
  return await verifier.verify(signature, new AbortController().signal);
}

async function reasonOf(signature: StoredSignature, given: Given = {}) {
  const verification = await verify(signature, given);
  return verification.kind === 'refused' ? verification.reason : verification;
}

function entryOf({ logEntries: [entry] }: Bundle): LogEntry {
  if (entry === undefined) throw new Error('the bundle has no log entry');
  return entry;
}

/** The JSON of a signed bundle with one change. */
function changed(bundle: Bundle, from: string | RegExp, to: string): StoredSignature {
  const text = Buffer.from(encodeBundle(bundle)).toString();
  const other = text.replace(from, to);
  expect(other).not.toBe(text);
  return { kind: 'bundle', bytes: Buffer.from(other) };
}

describe('by certificate', () => {
  it.each(['v1', 'v2'] as const)('a bundle with an entry of Rekor %s', async (rekor) => {
    expect(await verify(stored(await sigstore.bundle(STATEMENT, signer, { rekor })))).toEqual({
      kind: 'verified',
      signature: { signer: SIGNER, subjects: [IMAGE], statement: CONTENT },
    });
  });

  it('a layer of .sig', async () => {
    expect(await verify(await sigstore.simpleSigning(PAYLOAD, signer))).toEqual({
      kind: 'verified',
      signature: { signer: SIGNER, subjects: [IMAGE], statement: undefined },
    });
  });

  it('a layer of .att', async () => {
    expect(await verify(await sigstore.envelope(STATEMENT, signer))).toEqual({
      kind: 'verified',
      signature: { signer: SIGNER, subjects: [IMAGE], statement: CONTENT },
    });
  });

  it('a private Sigstore without certificate log and timestamp authority', async () => {
    const own = await createSigstore({ hasCertificateLog: false, hasTimestampAuthority: false });
    const bundle = await own.bundle(STATEMENT, await own.certificate(), { isTimestamped: true });
    expect(await verify(stored(bundle), { root: own.trustedRoot })).toMatchObject({ kind: 'verified' });
  });

  it('yields the issuer and the identity of the certificate, whoever they are', async () => {
    const other = await sigstore.certificate({
      issuer: 'https://evil.example.com',
      identity: 'https://evil/x',
    });
    expect(await verify(stored(await sigstore.bundle(STATEMENT, other)))).toMatchObject({
      signature: { signer: { issuer: 'https://evil.example.com', identity: 'https://evil/x' } },
    });
  });

  it('a signature of another image names that image, whatever its tag', async () => {
    const payload = makeSimpleSigning({ dockerReference: 'registry.example.com/app', digest: OTHER });
    const verification = await verify(await sigstore.simpleSigning(payload, signer));
    if (verification.kind === 'refused') throw new Error(verification.reason);
    expect(namesDigest(verification.signature, OTHER)).toBe(true);
    expect(namesDigest(verification.signature, IMAGE)).toBe(false);
  });

  it('a statement with two subjects names both and no third', async () => {
    const statement = makeStatement([{ digest: IMAGE }, { digest: OTHER }], CONTENT);
    const verification = await verify(stored(await sigstore.bundle(statement, signer)));
    expect(verification).toMatchObject({ signature: { subjects: [IMAGE, OTHER] } });
  });
});

describe('by certificate, refused', () => {
  it.each([
    ['expired', 11 * 60_000],
    ['not yet valid', -60_000],
  ])('a certificate that was %s at the time of the log', async (_, skew) => {
    const own = await createSigstore({ skew });
    const signature = stored(await own.bundle(STATEMENT, await own.certificate()));
    expect(await reasonOf(signature, { root: own.trustedRoot })).toContain('certificate chain');
  });

  it.each([11 * 60_000, -60_000])('a certificate at a timestamp %d ms apart', async (skew) => {
    const own = await createSigstore({ skew });
    const signature = stored(await own.bundle(STATEMENT, await own.certificate(), { rekor: 'v2' }));
    expect(await reasonOf(signature, { root: own.trustedRoot })).toMatch(
      /certificate chain|timestamp could not/,
    );
  });

  it('a certificate of another authority', async () => {
    const other = await createSigstore();
    const bundle = await sigstore.bundle(STATEMENT, await other.certificate());
    expect(await reasonOf(stored(bundle))).toContain('certificate chain');
  });

  it('a certificate without certificate timestamp', async () => {
    const own = await createSigstore({ hasCertificateLog: false });
    const root: object = JSON.parse(Buffer.from(own.trustedRoot).toString());
    const { ctlogs }: { ctlogs?: unknown } = JSON.parse(Buffer.from(sigstore.trustedRoot).toString());
    const strict = Buffer.from(JSON.stringify({ ...root, ctlogs }));
    const bundle = await own.bundle(STATEMENT, await own.certificate());
    expect(await reasonOf(stored(bundle), { root: strict })).toBe('expected 1 SCTs, got 0');
  });

  it('a missing log entry, with and without a timestamp', async () => {
    for (const isTimestamped of [true, false]) {
      const bundle = await sigstore.bundle(STATEMENT, signer, { rekor: 'none', isTimestamped });
      expect(await reasonOf(stored(bundle))).toMatch(/^expected 1 (tlog entries|timestamps), got 0$/);
    }
    const { logEntry: _, ...layer } = await sigstore.simpleSigning(PAYLOAD, signer);
    expect(await reasonOf(layer)).toBe('expected 1 tlog entries, got 0');
  });

  it('an entry of Rekor v2 without a timestamp: nothing proves the time', async () => {
    const bundle = await sigstore.bundle(STATEMENT, signer, { rekor: 'v2', isTimestamped: false });
    expect(await reasonOf(stored(bundle))).toBe('expected 1 timestamps, got 0');
  });

  it.each(['v1', 'v2'] as const)('a log entry of another body (%s)', async (rekor) => {
    const bundle = await sigstore.bundle(STATEMENT, signer, { rekor });
    const other = await sigstore.bundle(makeStatement([{ digest: OTHER }], CONTENT), signer, { rekor });
    const reason = await reasonOf(stored({ ...bundle, logEntries: other.logEntries }));
    expect(reason).toMatch(/signature mismatch/);
  });

  it('a log entry of another certificate for the same key', async () => {
    const { certificate } = await sigstore.certificate();
    const loggedSigner = { ...signer, ...(certificate && { certificate }) };
    for (const rekor of ['v1', 'v2'] as const) {
      const bundle = await sigstore.bundle(STATEMENT, signer, { rekor, loggedSigner });
      expect(await reasonOf(stored(bundle))).toBe('the log entry is of another certificate or key');
    }
  });

  it('a log entry of the bare key', async () => {
    const { publicKey, privateKey } = signer;
    const bundle = await sigstore.bundle(STATEMENT, signer, { loggedSigner: { publicKey, privateKey } });
    expect(await reasonOf(stored(bundle))).toBe('the log entry is of another certificate or key');
  });

  it('a log entry of another log', async () => {
    const other = await createSigstore();
    const { logEntries } = await other.bundle(STATEMENT, signer);
    const bundle = await sigstore.bundle(STATEMENT, signer);
    expect(await reasonOf(stored({ ...bundle, logEntries }))).toBe('inclusion promise could not be verified');
  });

  it('a log entry with another time, index or body', async () => {
    const bundle = await sigstore.bundle(STATEMENT, signer);
    const entry = entryOf(bundle);
    for (const change of [{ integratedTime: String(Number(entry.integratedTime) + 1) }, { logIndex: '1' }]) {
      const logEntries = [{ ...entry, ...change }];
      expect(await reasonOf(stored({ ...bundle, logEntries }))).toBe(
        'inclusion promise could not be verified',
      );
    }
    const { inclusionPromise: _, ...proven } = entry;
    const body = Buffer.from(entry.canonicalizedBody, 'base64').toString().replace('{', '{ ');
    const logEntries = [{ ...proven, canonicalizedBody: Buffer.from(body).toString('base64') }];
    expect(await reasonOf(stored({ ...bundle, logEntries }))).toBe('expected 1 timestamps, got 0');
    const timestamped = await sigstore.bundle(STATEMENT, signer, { rekor: 'v2' });
    const v2 = entryOf(timestamped);
    const moved = [{ ...v2, canonicalizedBody: logEntries[0]?.canonicalizedBody ?? '' }];
    expect(await reasonOf(stored({ ...timestamped, logEntries: moved }))).toMatch(/root hash does not match/);
  });

  it('a timestamp of another signature', async () => {
    const bundle = await sigstore.bundle(STATEMENT, signer, { rekor: 'v2' });
    const other = await sigstore.bundle(STATEMENT, signer, { rekor: 'v2' });
    const reason = await reasonOf(stored({ ...bundle, timestamps: other.timestamps }));
    expect(reason).toBe('timestamp could not be verified');
  });

  it('another payload under the signature', async () => {
    const bundle = await sigstore.bundle(STATEMENT, signer);
    const envelope = { ...bundle.envelope, payload: makeStatement([{ digest: OTHER }], CONTENT) };
    expect(await reasonOf(stored({ ...bundle, envelope }))).toMatch(/mismatch|signature verification failed/);
    const layer = await sigstore.simpleSigning(PAYLOAD, signer);
    const payload = makeSimpleSigning({ dockerReference: 'x', digest: OTHER });
    expect(await reasonOf({ ...layer, payload })).toMatch(/mismatch|signature verification failed/);
  });

  it('a statement that was signed as another payload type', async () => {
    const bundle = await sigstore.bundle(STATEMENT, signer, { payloadType: 'text/plain' });
    expect(await reasonOf(stored(bundle))).toContain('is not of the type');
    const envelope = { ...bundle.envelope, payloadType: IN_TOTO };
    expect(await reasonOf(stored({ ...bundle, envelope }))).toBe('signature verification failed');
  });

  it('a simple signing payload in an envelope, and an envelope as a simple signing payload', async () => {
    expect(await reasonOf(stored(await sigstore.bundle(PAYLOAD, signer)))).toContain(
      'the statement is not in-toto',
    );
    expect(await reasonOf(await sigstore.simpleSigning(STATEMENT, signer))).toContain('not of the type');
  });

  it('a key that stands twice in what is signed', async () => {
    const text = Buffer.from(STATEMENT).toString();
    const twice = text.replace(
      '"subject":',
      `"subject":[{"digest":{"sha256":"${'c'.repeat(64)}"}}],"subject":`,
    );
    const reason = await reasonOf(stored(await sigstore.bundle(Buffer.from(twice), signer)));
    expect(reason).toBe('the statement has the key "subject" twice');
  });

  it('a key that stands twice in a bundle or an annotation', async () => {
    const bundle = await sigstore.bundle(STATEMENT, signer);
    expect(await reasonOf(changed(bundle, '"dsseEnvelope":', '"dsseEnvelope":{},"dsseEnvelope":'))).toContain(
      'twice',
    );
    const layer = await sigstore.simpleSigning(PAYLOAD, signer);
    const logEntry = layer.logEntry?.replace('"Payload":', '"Payload":{},"Payload":');
    expect(await reasonOf({ ...layer, logEntry })).toContain('twice');
  });

  it('an oversized bundle', async () => {
    expect(await reasonOf({ kind: 'bundle', bytes: Buffer.alloc(16 * 1024 * 1024 + 1) })).toContain(
      'larger than',
    );
  });

  it('what is no signature at all', async () => {
    const broken: StoredSignature[] = [
      { kind: 'bundle', bytes: Buffer.from('x') },
      { kind: 'envelope', bytes: Buffer.from('{}') },
      { kind: 'simple-signing', payload: PAYLOAD, signature: '?' },
      { kind: 'simple-signing', payload: PAYLOAD, signature: '', certificate: 'no PEM' },
    ];
    for (const signature of broken) expect(await verify(signature)).toMatchObject({ kind: 'refused' });
  });

  it('a checkpoint whose signer is an expression that never ends', async () => {
    const bundle = await sigstore.bundle(STATEMENT, signer);
    const evil = changed(bundle, '\u2014 rekor.example.com', '\u2014 ((([a-z.:/]+)+)+)+X');
    expect(await reasonOf(evil)).toBe('a log entry has a malformed checkpoint');
  });
});

it.each(['v1', 'v2'] as const)('no changed byte of a bundle (%s) changes what it says', async (rekor) => {
  const bytes = encodeBundle(await sigstore.bundle(STATEMENT, signer, { rekor }));
  const expected = { kind: 'verified', signature: { signer: SIGNER, subjects: [IMAGE], statement: CONTENT } };
  let refused = 0;
  for (let at = 0; at < bytes.length; at += 61) {
    const changedBytes = Buffer.from(bytes);
    changedBytes[at] = (bytes[at] ?? 0) ^ 1;
    const verification = await verify({ kind: 'bundle', bytes: changedBytes });
    if (verification.kind === 'refused') refused++;
    else expect(verification).toEqual(expected);
  }
  expect(refused).toBeGreaterThan((bytes.length / 61) * 0.8);
});

describe('by key', () => {
  const [key, other] = [newKey(), newKey()];

  it('each shape, with several keys', async () => {
    const { fingerprint } = trustedKey(key.publicKey);
    for (const signature of [
      stored(await sigstore.bundle(STATEMENT, key)),
      stored(await sigstore.bundle(STATEMENT, key, { rekor: 'v2' })),
      stored(await sigstore.bundle(STATEMENT, key, { rekor: 'none' })),
      await sigstore.simpleSigning(PAYLOAD, key),
      await sigstore.envelope(STATEMENT, key),
    ]) {
      expect(await verify(signature, { keys: [other, key] })).toMatchObject({
        kind: 'verified',
        signature: { signer: { kind: 'key', fingerprint }, subjects: [IMAGE] },
      });
    }
  });

  it('refuses a key that is not given', async () => {
    const signature = stored(await sigstore.bundle(STATEMENT, key));
    expect(await reasonOf(signature, { keys: [other] })).toBe(
      'not signed by any public key of a policy or of -signature-key',
    );
    expect(await reasonOf(signature)).toBe(
      'signed by a key, and neither a policy nor -signature-key names a public key',
    );
  });

  it('neither a hint nor a keyid makes a key trusted', async () => {
    const bundle = await sigstore.bundle(STATEMENT, key);
    const byOther = await sigstore.bundle(STATEMENT, other);
    const hinted = stored({ ...bundle, key: byOther.key });
    expect(await verify(hinted, { keys: [key] })).toMatchObject({ kind: 'verified' });
    expect(await verify(hinted, { keys: [other] })).toMatchObject({ kind: 'refused' });
    const named = changed(bundle, '"sig":', '"keyid":"x","sig":');
    expect(await verify(named, { keys: [key] })).toMatchObject({ kind: 'verified' });
    expect(await verify(named, { keys: [other] })).toMatchObject({ kind: 'refused' });
  });

  it('refuses an entry of a known log for another body or signer', async () => {
    const bundle = await sigstore.bundle(STATEMENT, key);
    const foreign = await sigstore.bundle(makeStatement([{ digest: OTHER }], CONTENT), key);
    const mixed = stored({ ...bundle, logEntries: foreign.logEntries });
    expect(await reasonOf(mixed, { keys: [key] })).toMatch(/signature mismatch/);
    const loggedByOther = stored(await sigstore.bundle(STATEMENT, key, { loggedSigner: other }));
    expect(await reasonOf(loggedByOther, { keys: [key] })).toBe(
      'the log entry is of another certificate or key',
    );
  });

  it('an entry of an unknown log says nothing', async () => {
    const own = await createSigstore();
    const bundle = await own.bundle(STATEMENT, key);
    expect(await verify(stored(bundle), { keys: [key] })).toMatchObject({ kind: 'verified' });
  });

  it('a certificate is not replaced by a key', async () => {
    const own = await createSigstore();
    const certified = await own.certificate();
    const bundle = await own.bundle(STATEMENT, certified);
    expect(await verify(stored(bundle), { keys: [certified] })).toMatchObject({ kind: 'refused' });
  });

  it.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256'],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha384'],
    ['P-384 with SHA-256', generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha256'],
    ['Ed25519', generateKeyPairSync('ed25519'), null],
  ])('%s', async (_, pair, hash) => {
    const envelope = { payloadType: IN_TOTO, payload: STATEMENT };
    const signature = sign(hash, preAuthEncoding(envelope), pair.privateKey);
    const bytes = Buffer.from(JSON.stringify(envelopeJson({ ...envelope, signature })));
    expect(await verify({ kind: 'envelope', bytes }, { keys: [pair] })).toMatchObject({ kind: 'verified' });
    const simple = sign(hash, PAYLOAD, pair.privateKey).toString('base64');
    const layer: StoredSignature = { kind: 'simple-signing', payload: PAYLOAD, signature: simple };
    expect(await verify(layer, { keys: [pair] })).toMatchObject({ kind: 'verified' });
  });
});

it('stops when the run is aborted', async () => {
  const verifier = createVerifier({ root: readTrustedRoot(sigstore.trustedRoot, 'root.json'), keys: [] });
  const signature = stored(await sigstore.bundle(STATEMENT, signer));
  await expect(verifier.verify(signature, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
});
