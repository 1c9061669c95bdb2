// Covers src/adapters/oci/api/tag-precondition.ts

import { describe, expect, it } from 'vitest';
import { failureBefore, isAbort, messageOf } from '../../../../src/base/errors.ts';
import type { AuthOptions } from '../../../../src/embedded-registry/auth/auth-options.ts';
import type { Fault, FaultAct } from '../../../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../../../src/image/digest.ts';
import { referrersTagOf } from '../../../../src/image/attachment-tags.ts';
import type { Reference } from '../../../../src/image/reference.ts';
import { artifact, type Content, image, layer, push } from '../../../builders/images.ts';
import { uploadBlob } from '../../../system/contract/push-through-port.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';
import {
  rawAnswer,
  type ScriptedAnswer,
  type Step,
  scriptedServer,
} from '../../../doubles/scripted-server.ts';
import {
  clientForTest,
  embeddedForTest,
  keychainWith,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
  until,
} from '../client.ts';

const CONTENT = image({ seed: 'put' });
const OTHER = image({ seed: 'put by somebody else' });
const { manifest } = CONTENT;
const WRONG: FaultAct = { kind: 'wrong-digest-header' };
const LOST: FaultAct = { kind: 'lost-answer' };
const PUT = { method: 'PUT', path: /manifests/ } as const;
/** HEAD, and the GET that follows one that is refused. */
const LOOK = { path: /manifests/ } as const;

describe('a manifest that the registry says it stored as another one', () => {
  it.each(['tag', 'digest'])('is there if a HEAD says so: by %s', async (by) => {
    const { server, put, lines } = await setUp();
    const reference = by === 'tag' ? tagOf('v1') : manifest.digest;
    server.addFault({ ...PUT, act: WRONG });
    await put(reference);
    expect(lines().slice(-2)).toEqual([`PUT ${reference}`, `HEAD ${reference}`]);
  });

  it.each<[string, Fault]>([
    ['something else', { method: 'HEAD', skip: 1, act: WRONG }],
    ['that it is not there', { method: 'HEAD', skip: 1, act: status(404) }],
    ['nothing', { ...LOOK, skip: 1, act: status(405), times: Infinity }],
  ])('is a mismatch if a HEAD says %s', async (_what, fault) => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: WRONG });
    server.addFault(fault);
    const error = await registryErrorOf(put());
    expect(error.code).toBe('mismatch');
    expect(error.message).toMatch(/^PUT .*: the registry stored sha256:0+, not sha256:/);
    expect(lines().slice(0, 3)).toEqual(['HEAD v1', 'PUT v1', 'HEAD v1']);
  });
});

describe('a tag', () => {
  it.each([1, 50])('is read right before it is written, in the same slot: of %i', async (threads) => {
    const { server, put, lines } = await setUp({ threads });
    await put();
    expect(lines()).toEqual(['HEAD v1', 'PUT v1']);
    expect(server.store.resolveTag('app', 'v1')).toBe(manifest.digest);
  });

  it('that is another digest is left alone', async () => {
    const { server, put, lines, repository } = await setUp();
    push(server, 'app', OTHER, 'v1');
    const error = await registryErrorOf(put());
    expect(error).toMatchObject({ code: 'moved', temporary: false });
    expect(error.message).toBe(
      `${repository}:v1 points to ${OTHER.manifest.digest}, not ${manifest.digest}: tag moves are not supported`,
    );
    expect(lines()).toEqual(['HEAD v1']);
    expect(server.store.resolveTag('app', 'v1')).toBe(OTHER.manifest.digest);
  });

  it('that is this digest already is not written', async () => {
    const { server, put, lines } = await setUp();
    push(server, 'app', CONTENT, 'v1');
    await put();
    expect(lines()).toEqual(['HEAD v1']);
  });

  it('of a media type that no client names is there', async () => {
    const { server, put } = await setUp();
    const mediaType = 'application/vnd.cncf.oras.artifact.manifest.v1+json';
    const bytes = Buffer.from(JSON.stringify({ mediaType, blobs: [] }));
    const digest = server.store.putManifest('app', 'v1', mediaType, bytes);
    expect((await registryErrorOf(put())).code).toBe('moved');
    expect(server.store.resolveTag('app', 'v1')).toBe(digest);
  });

  it.each(['basic', 'token'] as const)(
    'that the anonymous are not shown is read as whoever writes it: %s',
    async (kind) => {
      const { server, put, lines } = await setUp({ auth: { kind, users: { cip: 'secret' } } });
      push(server, 'app', OTHER, 'v1');
      // without a challenge it looks like an open registry that has no such tag
      server.addFault({ method: 'HEAD', anonymous: true, times: Infinity, act: status(404) });
      expect((await registryErrorOf(put())).code).toBe('moved');
      expect(lines().filter((line) => line.endsWith('v1'))).toEqual(['HEAD v1', 'PUT v1', 'HEAD v1']);
      expect(server.store.resolveTag('app', 'v1')).toBe(OTHER.manifest.digest);
    },
  );

  it.each([403, 405])('that cannot be read (%i) is not written, and the reason is told', async (code) => {
    const { server, put, lines } = await setUp();
    const body = '{"errors":[{"code":"DENIED","message":"closed"}]}';
    server.addFault({ ...LOOK, act: { kind: 'status', status: code, body }, times: Infinity });
    const error = await registryErrorOf(put());
    expect(error).toMatchObject({ status: code, temporary: false });
    const start = /^PUT .*v1: not written: the tag's current digest could not be read: HEAD .*v1: /;
    expect(error.message).toMatch(new RegExp(`${start.source}${code}: DENIED: closed`));
    expect(lines()).toEqual(['HEAD v1', 'GET v1']);
  });

  it('is read by GET where HEAD is refused', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ method: 'HEAD', act: status(405), times: Infinity });
    await put();
    await put(tagOf('v2'));
    expect(lines()).toEqual(['HEAD v1', 'GET v1', 'PUT v1', 'GET v2', 'PUT v2']);
    push(server, 'app', OTHER, 'v3');
    expect((await registryErrorOf(put(tagOf('v3')))).code).toBe('moved');
  });

  it('whose HEAD is answered by a web page is not written', async () => {
    const page = { status: 200, headers: { 'content-type': 'text/html' } };
    const error = await registryErrorOf(putTo(Array.from({ length: 4 }, () => step('HEAD', page))));
    expect(error.message).toContain('the answer is a web page, not a manifest');
  });

  it.each<[string, FaultAct]>([
    ['503', status(503)],
    ['429', status(429, { 'Retry-After': '1' })],
    ['a reset', { kind: 'reset' }],
  ])('whose HEAD meets %s is read again before it is written', async (_what, act) => {
    const { server, put, lines, clock } = await setUp();
    server.addFault({ method: 'HEAD', act });
    await put();
    expect(lines()).toEqual(['HEAD v1', 'HEAD v1', 'PUT v1']);
    expect(clock.waits.length).toBeGreaterThan(0);
  });
});

describe('a tag whose answer is lost', () => {
  it.each([1, Infinity])('is not written again where it is there: %f times', async (times) => {
    const { server, put, lines, clock } = await setUp();
    server.addFault({ ...PUT, act: LOST, times });
    await put();
    expect(lines()).toEqual(['HEAD v1', 'PUT v1', 'HEAD v1']);
    expect(clock.waits).toEqual([750]);
    expect(server.store.resolveTag('app', 'v1')).toBe(manifest.digest);
  });

  it('is found where the connection is closed without a word', async () => {
    await putTo([FREE, step('PUT', { raw: '', ending: 'close' }), step('HEAD', there(manifest.digest))]);
  });

  it.each([
    ['500', { status: 500 }],
    ['502 of a proxy', { status: 502 }],
    ['a web page', { status: 200, body: '<p>Log in' }],
    [
      'half an answer',
      { raw: rawAnswer(['HTTP/1.1 201 Created', 'Content-Length: 9'], 'half'), ending: 'close' },
    ],
  ] satisfies [string, ScriptedAnswer][])('is found after %s in its place', async (_what, answer) => {
    await putTo([FREE, step('PUT', answer), step('HEAD', there(manifest.digest))]);
  });

  it('is written again where it is not there', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: { kind: 'reset' } });
    await put();
    expect(lines()).toEqual(['HEAD v1', 'PUT v1', 'HEAD v1', 'PUT v1']);
    expect(server.store.resolveTag('app', 'v1')).toBe(manifest.digest);
  });

  it('is looked for after the last attempt too', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: { kind: 'reset' }, times: 4 });
    server.addFault({ ...PUT, act: LOST });
    await put();
    expect(lines()).toEqual([...Array.from({ length: 5 }, () => ['HEAD v1', 'PUT v1']).flat(), 'HEAD v1']);
  });

  it('fails as the last attempt did where the look after it fails', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: LOST });
    server.addFault({ ...LOOK, act: status(405), skip: 1, times: Infinity });
    const error = await registryErrorOf(put());
    expect(error.message).toMatch(/^PUT .*v1: not written: .* HEAD .*v1: 405/);
    expect(lines()).toEqual(['HEAD v1', 'PUT v1', 'HEAD v1', 'GET v1']);
  });

  it('is not looked for any longer than the signal allows: the abort tells what the PUT failed with', async () => {
    const stop = new AbortController();
    const { server, put, lines } = await setUp({ signal: stop.signal });
    server.addFault({ ...PUT, act: LOST });
    server.addFault({ method: 'HEAD', skip: 1, act: { kind: 'stall' } });
    const error = put().catch((thrown: unknown) => thrown);
    await until(() => lines().length === 3);
    stop.abort();
    expect(isAbort(await error)).toBe(true);
    expect(messageOf(failureBefore(await error, stop.signal))).toMatch(/^PUT .*ECONNRESET/);
  });
});

describe('a tag that is written again', () => {
  it.each<[string, FaultAct]>([
    ['a reset', { kind: 'reset' }],
    ['a refusal for want of quota', status(429)],
    ['a short wait', status(503, { 'Retry-After': '5' })],
    ['a long wait', status(429, { 'Retry-After': '60' })],
    ['what came too slowly', status(408)],
    ['401 without a challenge', status(401)],
    ['500', status(500)],
  ])('after %s is read first: somebody else may have written it', async (_what, act) => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act });
    const writing = put();
    await until(() => lines().length === 2); // its first HEAD has been answered
    push(server, 'app', OTHER, 'v1');
    expect((await registryErrorOf(writing)).code).toBe('moved');
    expect(lines()).toEqual(['HEAD v1', 'PUT v1', 'HEAD v1']);
    expect(server.store.resolveTag('app', 'v1')).toBe(OTHER.manifest.digest);
  });

  it('is written where it is still free', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: status(503, { 'Retry-After': '60' }) });
    await put();
    expect(lines()).toEqual(['HEAD v1', 'PUT v1', 'HEAD v1', 'PUT v1']);
  });

  it('because a token has run out is read with the new one', async () => {
    const auth = { kind: 'token', users: { cip: 'secret' } } as const;
    const { server, put, lines } = await setUp({ auth });
    const challenge = `Bearer realm="http://${server.host}/token",service="${server.host}"`;
    server.addFault({ ...PUT, act: status(401, { 'WWW-Authenticate': challenge }) });
    await put();
    const own = lines().filter((line) => line.endsWith(' v1'));
    expect(own.slice(-2)).toEqual(['HEAD v1', 'PUT v1']);
    expect(own.filter((line) => line.startsWith('PUT'))).toHaveLength(2);
  });
});

describe('a digest whose answer is lost', () => {
  it('is written again without a question: that moves nothing', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: LOST, times: 3 });
    await put(manifest.digest);
    expect(lines()).toEqual(Array.from({ length: 4 }, () => `PUT ${manifest.digest}`));
  });
});

describe('a blob that the registry says it stored as another one', () => {
  const BLOB = layer('put blob');

  it('is there if a HEAD says so', async () => {
    const { server, client, repository, lines } = await setUp();
    server.addFault({ method: 'PUT', act: WRONG });
    await uploadBlob(client.registry, repository, { blob: BLOB });
    expect(lines().at(-1)).toBe(`HEAD ${BLOB.digest}`);
  });

  it('is a mismatch if a HEAD does not say so', async () => {
    const { server, client, repository } = await setUp();
    server.addFault({ method: 'PUT', act: WRONG });
    server.addFault({ path: /blobs\/sha256/, act: WRONG, times: 2 }); // the GET of its first byte too
    const error = await registryErrorOf(uploadBlob(client.registry, repository, { blob: BLOB }));
    expect(error.code).toBe('mismatch');
    expect(error.message).toContain(`not ${BLOB.digest}`);
  });
});

describe('the index of a referrers tag', () => {
  const subject = OTHER.manifest.digest;
  const tag = referrersTagOf(subject);

  it('may replace the index that it was made from, and nothing else', async () => {
    const { server, client, repository, lines } = await setUp();
    const write = (content: Content, replaces?: Digest) =>
      client.registry.putReferrersIndex(repository, { subject, index: content.manifest, replaces }, quiet());
    const [first, second, third] = ['one', 'two', 'three'].map((seed) => image({ seed }));
    if (first === undefined || second === undefined || third === undefined) throw new Error('three are made');
    await write(first);
    expect(lines()).toEqual([`HEAD ${tag}`, `PUT ${tag}`]);
    await write(second, first.manifest.digest);
    expect(server.store.resolveTag('app', tag)).toBe(second.manifest.digest);
    for (const replaces of [undefined, first.manifest.digest]) {
      expect(await registryErrorOf(write(third, replaces))).toMatchObject({ code: 'moved' });
    }
    expect(server.store.resolveTag('app', tag)).toBe(second.manifest.digest);
    server.store.deleteTag('app', tag);
    await write(third, second.manifest.digest);
    expect(server.store.resolveTag('app', tag)).toBe(third.manifest.digest);
  });
});

describe('a manifest with a subject', () => {
  it.each([true, false])('tells whether the registry lists it there: %s', async (referrers) => {
    const server = await embeddedForTest({ validation: 'sparse', referrers });
    const signature = artifact('signature', { subject: CONTENT }).manifest;
    const put = { reference: signature.digest, manifest: signature };
    const written = await clientForTest().registry.putManifest(repositoryAt(server, 'app'), put, quiet());
    expect(written).toEqual({ listedUnder: referrers ? manifest.digest : undefined });
  });
});

interface SetUp {
  readonly signal?: AbortSignal;
  readonly threads?: number;
  /** Of the user `cip` with the password `secret`. */
  readonly auth?: AuthOptions;
}

async function setUp({ signal = quiet(), threads = 50, auth }: SetUp = {}) {
  const server = await embeddedForTest({ validation: 'sparse', ...(auth !== undefined && { auth }) });
  const clock = new FakeClock();
  const keychain = keychainWith(
    auth === undefined ? { kind: 'anonymous' } : { kind: 'basic', username: 'cip', password: 'secret' },
  );
  const client = clientForTest({ clock, threads, keychain });
  const repository = repositoryAt(server, 'app');
  const put = (reference: Reference = tagOf('v1')) =>
    client.registry.putManifest(repository, { reference, manifest }, signal);
  const lines = () => server.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1) ?? ''}`);
  return { server, clock, client, repository, put, lines };
}

/** Writes the tag to a server that follows a script. */
async function putTo(steps: readonly Step[]): Promise<void> {
  const server = await scriptedServer(steps);
  const put = { reference: tagOf('v1'), manifest };
  await clientForTest().registry.putManifest(repositoryAt(server, 'app'), put, quiet());
}

function step(method: string, answer: ScriptedAnswer): Step {
  return { request: `${method} /v2/app/manifests/v1`, answer };
}

const FREE = step('HEAD', { status: 404 });

function there(digest: Digest): ScriptedAnswer {
  return { status: 200, headers: { 'docker-content-digest': digest } };
}

function status(code: number, headers: Record<string, string> = {}): FaultAct {
  return { kind: 'status', status: code, headers };
}
