// Covers src/adapters/sigstore/sign/credentials.ts
// Covers src/adapters/sigstore/sign/der.ts
// Covers src/adapters/sigstore/sign/services/rekor-v1.ts
// Covers src/adapters/sigstore/sign/services/rekor-v2.ts
// Covers src/adapters/sigstore/sign/services/timestamp-authority.ts
// Covers src/adapters/sigstore/sign/signing-error.ts
// Covers src/adapters/sigstore/sign/sigstore-signer.ts

import { createHash, generateKeyPairSync } from 'node:crypto';
import { initializeTLog } from '@sigstore/mock';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { localKey } from '../../../../src/adapters/sigstore/sign/keys/signing-key.ts';
import {
  openSigstoreSigner,
  type SigstoreSignerOptions,
} from '../../../../src/adapters/sigstore/sign/open-sigstore-signer.ts';
import { SigningError } from '../../../../src/adapters/sigstore/sign/signing-error.ts';
import { parseJsonObject } from '../../../../src/base/json.ts';
import { createFetch } from '../../../../src/http/fetch.ts';
import { parseBundle } from '../../../../src/signature/bundle.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';
import { type ScriptedRequest, type Step, scriptedServer } from '../../../doubles/scripted-server.ts';
import { issuesCertificate, tokenOf } from './fulcio-answers.ts';

const { signal } = new AbortController();
const STATEMENT = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
const ENTRY = 'POST /api/v1/log/entries';
const ENTRY_V2 = 'POST /api/v2/log/entries';
const TIMESTAMP = 'POST /timestamp';
const UUID = 'a'.repeat(80);
const KEY = localKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'a key');
const NONCE = Buffer.from([0, 0x8f, 1]);

const Proposal = z.object({
  spec: z.object({ proposedContent: z.object({ envelope: z.string(), verifiers: z.array(z.string()) }) }),
});

interface Wishes extends Partial<SigstoreSignerOptions> {
  readonly version?: 1 | 2;
  readonly hasTimestamps?: boolean;
}

/** A signer by key whose services are one scripted server. */
async function scene(steps: readonly Step[], { version = 1, hasTimestamps = false, ...wishes }: Wishes = {}) {
  const server = await scriptedServer(steps);
  const clock = new FakeClock();
  const services = createFetch({
    network: {},
    clock,
    log: { write: () => {} },
    userAgent: 'cip/test',
  });
  onTestFinished(() => services.close());
  const signer = openSigstoreSigner({
    by: { kind: 'key', key: KEY },
    services: {
      fulcio: server.url,
      log: { url: server.url, version },
      timestamps: hasTimestamps ? `${server.url}/timestamp` : undefined,
    },
    isLogged: true,
    fetch: services.fetch,
    clock,
    stopping: signal,
    makeNonce: () => NONCE,
    ...wishes,
  });
  return { server, clock, signer };
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (!(error instanceof SigningError)) throw new Error(`expected a SigningError, got ${String(error)}`);
  return `${error.code}: ${error.message}`.replace(/http:\/\/127\.0\.0\.1:\d+/, 'URL');
}

/** The answer of Rekor v1 to an entry. */
async function entryOf({ body }: Pick<ScriptedRequest, 'body'>): Promise<string> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const log = await initializeTLog('https://rekor.example.com', keys);
  return JSON.stringify(await log.log(JSON.parse(body.toString())));
}

/** DER with a short length. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([
    Buffer.from([tag, ...(content.length < 128 ? [] : [0x81]), content.length]),
    content,
  ]);
}

/** The answer of a timestamp authority that repeats what the request has, unsigned. */
function timestampOf({ body }: Pick<ScriptedRequest, 'body'>, status = 0): Buffer {
  return der(0x30, der(0x30, der(2, Buffer.from([status]))), body);
}

describe('a statement', () => {
  it('is logged by Rekor v1 as an envelope, without a key id', async () => {
    const { signer, server } = await scene([
      { request: ENTRY, answer: async (request) => ({ status: 201, body: await entryOf(request) }) },
    ]);

    const bytes = await signer.signStatement(STATEMENT, signal);

    const { key, logEntries, timestamps, envelope } = parseBundle(bytes);
    expect(key).toEqual({ kind: 'key', hint: createHash('sha256').update(KEY.public.der).digest('base64') });
    expect(timestamps).toEqual([]);
    expect(envelope.payload).toEqual(STATEMENT);
    expect(Buffer.from(bytes).toString()).not.toContain('keyid');
    expect(logEntries[0]).toMatchObject({
      kindVersion: { kind: 'dsse', version: '0.0.1' },
      inclusionPromise: {},
      inclusionProof: { logIndex: '0', treeSize: '1' },
    });
    const { proposedContent } = Proposal.parse(parseJsonObject(server.requests[0]?.body ?? '')).spec;
    expect(parseJsonObject(proposedContent.envelope)?.['signatures']).toEqual([
      { sig: Buffer.from(envelope.signature).toString('base64') },
    ]);
    expect(proposedContent.verifiers).toEqual([Buffer.from(KEY.public.pem).toString('base64')]);
  });

  it('is timestamped before it is logged', async () => {
    const { signer } = await scene(
      [
        { request: TIMESTAMP, answer: (request) => ({ status: 200, body: timestampOf(request) }) },
        { request: ENTRY, answer: async (request) => ({ status: 201, body: await entryOf(request) }) },
      ],
      { hasTimestamps: true },
    );
    const { timestamps, envelope } = parseBundle(await signer.signStatement(STATEMENT, signal));
    const imprint = createHash('sha256').update(envelope.signature).digest();
    expect(Buffer.from(timestamps[0] ?? []).includes(imprint)).toBe(true);
  });

  it('is neither logged nor timestamped if nothing asks for it', async () => {
    const { signer } = await scene([], { isLogged: false });
    expect(parseBundle(await signer.signStatement(STATEMENT, signal))).toMatchObject({
      logEntries: [],
      timestamps: [],
    });
  });

  it('is signed by a certificate that the bundle has alone', async () => {
    const token = tokenOf({ iss: 'https://issuer.example.com', sub: 'a@b.c' });
    const { signer } = await scene(
      [
        issuesCertificate,
        { request: ENTRY, answer: async (request) => ({ status: 201, body: await entryOf(request) }) },
      ],
      { by: { kind: 'keyless', tokens: { current: () => Promise.resolve(token) } } },
    );
    const { key } = parseBundle(await signer.signStatement(STATEMENT, signal));
    expect(key.kind).toBe('certificate');
  });
});

describe('a payload', () => {
  it('gets what cosign keeps in annotations', async () => {
    const { signer } = await scene([
      { request: ENTRY, answer: async (request) => ({ status: 201, body: await entryOf(request) }) },
    ]);
    const { payload, logEntry, certificate, chain, timestamp } = await signer.signPayload(STATEMENT, signal);
    expect(payload).toBe(STATEMENT);
    expect([certificate, chain, timestamp]).toEqual([undefined, undefined, undefined]);
    expect(parseJsonObject(logEntry ?? '')).toMatchObject({
      SignedEntryTimestamp: expect.any(String),
      Payload: { integratedTime: expect.any(Number), logIndex: expect.any(Number) },
    });
  });

  it('is not signed with Rekor v2, whose entries prove no time', async () => {
    const { signer } = await scene([], { version: 2 });
    expect(await failureOf(signer.signPayload(STATEMENT, signal))).toBe(
      'unsupported: a .sig tag needs an entry of Rekor v1: use -rekor-version=1, or write no .sig tags',
    );
  });
});

describe('Rekor v1', () => {
  it('names an entry that exists, which is taken', async () => {
    const first = await scene([
      { request: ENTRY, answer: async (request) => ({ status: 201, body: await entryOf(request) }) },
    ]);
    await first.signer.signPayload(STATEMENT, signal);
    const existing = await entryOf(first.server.requests[0] ?? { body: Buffer.of() });
    const location = `/api/v1/log/entries/${UUID}`;
    const { signer } = await scene([
      {
        request: ENTRY,
        answer: { status: 409, headers: { location }, body: { code: 409, message: 'exists' } },
      },
      { request: `GET ${location}`, answer: { status: 200, body: existing } },
    ]);
    expect((await signer.signPayload(STATEMENT, signal)).logEntry).toContain('SignedEntryTimestamp');
  });

  it.each([
    [
      'an existing entry without its place',
      { status: 409 },
      'malformed: rekor: the answer names no existing entry',
    ],
    [
      'an existing entry elsewhere',
      { status: 409, headers: { location: 'https://evil.example.com/' } },
      'malformed: rekor: the answer names no existing entry',
    ],
    [
      'a refusal',
      { status: 400, body: { code: 400, message: 'invalid\nsignature' } },
      `refused: rekor: ${ENTRY.replace(' ', ' URL')}: 400 invalid signature`,
    ],
    ['an empty answer', { status: 201 }, 'malformed: rekor: the answer is no log entry'],
    [
      'another answer',
      { status: 201, body: { [UUID]: { body: '', logIndex: -1 } } },
      'malformed: rekor: the answer is no log entry',
    ],
  ])('%s is an error', async (_name, answer, message) => {
    const { signer } = await scene([{ request: ENTRY, answer }]);
    expect(await failureOf(signer.signStatement(STATEMENT, signal))).toBe(message);
  });

  it('is sent eight signatures a second at most', async () => {
    const step: Step = {
      request: ENTRY,
      answer: async (request) => ({ status: 201, body: await entryOf(request) }),
    };
    const { signer, clock } = await scene(Array.from({ length: 17 }, () => step));
    const begun = clock.monotonic();
    for (let count = 0; count < 17; count++) await signer.signPayload(STATEMENT, signal);
    expect(clock.monotonic() - begun).toBeGreaterThanOrEqual(1900);
  });
});

describe('Rekor v2', () => {
  it('with the entry of a lost response gets another signature', async () => {
    const conflict = { status: 409, body: { code: 6, message: 'an equivalent entry already exists' } };
    const { signer, server } = await scene(
      [
        { request: ENTRY_V2, answer: { raw: '', ending: 'reset' } },
        { request: ENTRY_V2, answer: conflict },
        { request: ENTRY_V2, answer: { status: 400, body: { message: 'the end of the test' } } },
      ],
      { version: 2 },
    );
    expect(await failureOf(signer.signStatement(STATEMENT, signal))).toContain('the end of the test');
    const [first, second, third] = server.requests.map(({ body }) => body.toString());
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('with the entry of a key whose signatures never differ is an error with advice', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const step = { request: ENTRY_V2, answer: { status: 409 } };
    const by = { kind: 'key', key: localKey(privateKey, 'a key') } as const;
    const { signer } = await scene([step, step], { version: 2, by });
    expect(await failureOf(signer.signStatement(STATEMENT, signal))).toBe(
      'logged: rekor: the log has an entry of this signature and does not return it: use an EC key',
    );
  });

  it('gets the hash of what the signature covers', async () => {
    const answer = { status: 201, body: { kindVersion: {} } };
    const { signer, server } = await scene([{ request: ENTRY_V2, answer }], { version: 2 });
    expect(await failureOf(signer.signStatement(STATEMENT, signal))).toBe(
      'malformed: rekor: the answer is no log entry',
    );
    const covered = `DSSEv1 28 application/vnd.in-toto+json ${STATEMENT.length} ${STATEMENT.toString()}`;
    expect(parseJsonObject(server.requests[0]?.body ?? '')).toMatchObject({
      hashedRekordRequestV002: {
        digest: createHash('sha256').update(covered).digest('base64'),
        signature: { verifier: { publicKey: {}, keyDetails: 'PKIX_ECDSA_P256_SHA_256' } },
      },
    });
  });
});

describe('a timestamp', () => {
  const signed = async (answer: Step['answer']) => {
    const { signer } = await scene([{ request: TIMESTAMP, answer }], { hasTimestamps: true });
    return failureOf(signer.signStatement(STATEMENT, signal));
  };

  it('that is not granted is an error', async () => {
    expect(await signed((request) => ({ status: 200, body: timestampOf(request, 2) }))).toBe(
      'malformed: timestamp authority: the timestamp was not granted: status 2',
    );
  });

  it('for other content is an error', async () => {
    const body = timestampOf({ body: Buffer.from('other bytes') });
    expect(await signed({ status: 200, body })).toBe(
      'malformed: timestamp authority: the timestamp is for other content',
    );
  });

  it.each(['', '0', '\u0030\u0080', '<html>'])('is not %j', async (body) => {
    expect(await signed({ status: 200, body })).toBe(
      'malformed: timestamp authority: the answer is no timestamp response',
    );
  });
});

it('an Ed25519 key is not logged', async () => {
  const key = localKey(generateKeyPairSync('ed25519').privateKey, 'a key');
  await expect(scene([], { by: { kind: 'key', key } })).rejects.toThrow('Ed25519 keys are not logged');
});

it('an aborted signal ends a signature with its reason', async () => {
  const stop = new AbortController();
  const { signer } = await scene([
    {
      request: ENTRY,
      answer: () => {
        stop.abort(new Error('stopped'));
        return new Promise(() => {});
      },
    },
  ]);
  await expect(signer.signStatement(STATEMENT, stop.signal)).rejects.toThrow('stopped');
});
