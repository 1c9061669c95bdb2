// Covers src/adapters/sigstore/sign/certificates.ts
// Covers src/adapters/sigstore/sign/services/call-service.ts
// Covers src/adapters/sigstore/sign/services/fulcio.ts

import { verify } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FulcioCredentials } from '../../../../src/adapters/sigstore/sign/fulcio-credentials.ts';
import { SigningError } from '../../../../src/adapters/sigstore/sign/signing-error.ts';
import { createFetch } from '../../../../src/http/fetch.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';
import { type ScriptedAnswer, type Script, scriptedServer } from '../../../doubles/scripted-server.ts';
import { CERTIFICATE, certificateFor, issuesCertificate, tokenOf } from './fulcio-answers.ts';

const { signal } = new AbortController();
const MINUTE = 60_000;
const ISSUER = 'https://issuer.example.com';
const TOKEN = tokenOf({ iss: ISSUER, sub: 'promoter@example.com' });
const IDENTITY = { kind: 'certificate', issuer: ISSUER, identity: 'promoter@example.com' };

async function scene(script: Script, { token = TOKEN, limit = MINUTE } = {}) {
  const server = await scriptedServer(script);
  const clock = new FakeClock();
  const services = createFetch({ network: {}, clock, log: { write: () => {} }, userAgent: 'cip/test' });
  onTestFinished(() => services.close());
  const fulcio = { name: 'fulcio', url: `${server.url}/`, fetch: services.fetch, limit };
  const tokens = { current: () => Promise.resolve(token) };
  return { server, clock, credentials: new FulcioCredentials({ fulcio, tokens, clock }) };
}

async function refusalOf(promise: Promise<unknown>): Promise<SigningError> {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (!(error instanceof SigningError)) throw new Error(`expected a SigningError, got ${String(error)}`);
  expect(`${error.stack}`).not.toContain(TOKEN);
  return error;
}

describe('a certificate', () => {
  it('is requested once for all who wait for it, and belongs to its key', async () => {
    const { credentials, server } = await scene([issuesCertificate]);

    const [first, ...others] = await Promise.all([1, 2, 3].map(() => credentials.current(signal)));

    expect(others).toEqual([first, first]);
    expect(first?.identity).toEqual(IDENTITY);
    const content = Buffer.from('content');
    const signature = await first?.key.sign(content, signal);
    const key = first?.chain?.leaf.publicKey;
    expect(key && signature && verify('sha256', content, key, signature)).toBe(true);
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  it('is used until shortly before its end, then replaced together with its key', async () => {
    const { credentials, clock } = await scene([issuesCertificate, issuesCertificate]);
    const first = await credentials.current(signal);
    clock.advance(7 * MINUTE);
    expect(await credentials.current(signal)).toBe(first);
    clock.advance(MINUTE);

    const second = await credentials.current(signal);

    expect(second.key.public.pem).not.toBe(first.key.public.pem);
    expect(second.chain?.leaf.publicKey.equals(second.key.public.object)).toBe(true);
  });

  it('is requested again after Retry-After', async () => {
    const tooMany = { status: 429, headers: { 'retry-after': '7' } };
    const { credentials, clock } = await scene([
      { request: CERTIFICATE, answer: tooMany },
      issuesCertificate,
    ]);
    expect((await credentials.current(signal)).identity).toEqual(IDENTITY);
    expect(clock.waits[0]).toBeGreaterThanOrEqual(7000);
  });

  it('is requested by everybody else if one of those who wait gives up', async () => {
    const { credentials } = await scene([issuesCertificate]);
    const stop = new AbortController();
    const given = credentials.current(stop.signal);
    const kept = credentials.current(signal);
    stop.abort(new Error('stopped'));
    await expect(given).rejects.toThrow('stopped');
    expect((await kept).identity).toEqual(IDENTITY);
  });
});

describe('the identity', () => {
  it('of an unknown issuer is that of a certificate', async () => {
    const { credentials } = await scene([issuesCertificate]);
    expect(await credentials.identity(signal)).toEqual(IDENTITY);
  });

  it('of a Google account is known without a certificate', async () => {
    const issuer = 'https://accounts.google.com';
    const token = tokenOf({ iss: issuer, sub: '1234', email: 'promoter@prod.iam.gserviceaccount.com' });
    const { credentials } = await scene([], { token });
    expect(await credentials.identity(signal)).toEqual({
      kind: 'certificate',
      issuer,
      identity: 'promoter@prod.iam.gserviceaccount.com',
    });
  });

  it('that a certificate does not name is an error', async () => {
    const token = tokenOf({
      iss: 'https://gitlab.com',
      sub: 'a@b.c',
      ci_config_ref_uri: 'gitlab.com/a//b.yml@refs/heads/main',
    });
    const { credentials } = await scene([issuesCertificate], { token });
    const { code, message } = await refusalOf(credentials.current(signal));
    expect(code).toBe('malformed');
    expect(message).toBe(
      'fulcio: the certificate names "a@b.c" ("https://gitlab.com"), the token "https://gitlab.com/a//b.yml@refs/heads/main" ("https://gitlab.com")',
    );
  });
});

describe('a refusal', () => {
  it('is told with a remedy, and kept for a minute', async () => {
    const answer = {
      status: 400,
      body: { code: 3, message: 'There was an error processing the identity token' },
    };
    const { credentials, clock, server } = await scene([{ request: CERTIFICATE, answer }, issuesCertificate]);

    const { code, message } = await refusalOf(credentials.current(signal));

    expect(code).toBe('refused');
    expect(message).toBe(
      `fulcio: POST ${server.url}/api/v2/signingCert: 400 There was an error processing the identity token: check that Fulcio trusts the issuer of the identity token, that its audience is "sigstore", and that it has not expired`,
    );
    await refusalOf(credentials.current(signal));
    clock.advance(MINUTE);
    expect((await credentials.current(signal)).identity).toEqual(IDENTITY);
  });

  it('of every attempt is temporary', async () => {
    const step = { request: CERTIFICATE, answer: { status: 503, body: 'overloaded' } };
    const { credentials } = await scene([step, step, step, step, step]);
    const { code, message } = await refusalOf(credentials.current(signal));
    expect(code).toBe('unavailable');
    expect(message).toMatch(/^fulcio: POST \S+: 503 overloaded$/);
  });

  it('is a service that does not answer within the limit', async () => {
    const answer = () => new Promise<ScriptedAnswer>(() => {});
    const { credentials } = await scene([{ request: CERTIFICATE, answer }], { limit: 50 });
    const { code, message } = await refusalOf(credentials.current(signal));
    expect([code, message]).toEqual(['unavailable', 'fulcio: no answer within 50 ms']);
  });
});

it('the token does not follow a redirect to another host', async () => {
  const other = await scriptedServer([
    {
      request: 'POST /elsewhere',
      check: (request) =>
        expect(JSON.stringify([request.headers, String(request.body)])).not.toContain(TOKEN),
      answer: { status: 401 },
    },
  ]);
  const answer = { status: 307, headers: { location: `${other.url}/elsewhere` } };
  const { credentials } = await scene([{ request: CERTIFICATE, answer }]);
  expect((await refusalOf(credentials.current(signal))).code).toBe('refused');
});

describe('an answer is malformed', () => {
  const chainOf = (...certificates: readonly string[]) =>
    JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates } } });

  it.each([
    ['without a certificate', chainOf(), 'fulcio: the answer has no certificate'],
    ['that is no JSON', '<html>', 'fulcio: the answer has no certificate'],
    [
      'with a malformed certificate',
      chainOf('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'),
      'fulcio: the answer has a malformed certificate',
    ],
  ])('%s', async (_name, body, message) => {
    const { credentials } = await scene([{ request: CERTIFICATE, answer: { status: 201, body } }]);
    expect((await refusalOf(credentials.current(signal))).message).toBe(message);
  });

  it('with the certificate of another key', async () => {
    let other = '';
    const first = await scene([
      {
        request: CERTIFICATE,
        answer: async (request) => ({ status: 201, body: (other = await certificateFor(request)) }),
      },
    ]);
    await first.credentials.current(signal);
    const { credentials } = await scene([
      { request: CERTIFICATE, answer: () => ({ status: 201, body: other }) },
    ]);
    expect((await refusalOf(credentials.current(signal))).message).toBe(
      'fulcio: the certificate is for another key',
    );
  });
});
