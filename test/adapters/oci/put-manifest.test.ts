import { describe, expect, it } from 'vitest';
import { isAbort, messageOf } from '../../../src/base/errors.ts';
import { failureBefore } from '../../../src/base/given-up.ts';
import type { Fault, FaultAct } from '../../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../../src/image/digest.ts';
import type { Reference } from '../../../src/image/reference.ts';
import { image, layer, push } from '../../builders/images.ts';
import { uploadBlob } from '../../contract/push-through-port.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { rawAnswer, type ScriptedAnswer, scriptedServer, type Step } from '../../doubles/scripted-server.ts';
import {
  clientForTest,
  embeddedForTest,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
  until,
} from './client.ts';

const CONTENT = image({ seed: 'put' });
const LONG_AGO = Number.NEGATIVE_INFINITY;
const OTHER = image({ seed: 'put by somebody else' });
const { manifest } = CONTENT;
const WRONG: FaultAct = { kind: 'wrong-digest-header' };
const LOST: FaultAct = { kind: 'lost-answer' };
const PUT = { method: 'PUT', path: /manifests/ } as const;

describe('a manifest that the registry says it stored as another one', () => {
  it.each(['tag', 'digest'])('is there if a HEAD says so: by %s', async (by) => {
    const { server, put, lines } = await setUp();
    const reference = by === 'tag' ? tagOf('v1') : manifest.digest;
    server.addFault({ ...PUT, act: WRONG });
    await put(reference);
    expect(lines()).toEqual([`PUT ${reference}`, `HEAD ${reference}`]);
  });

  it.each<[string, Fault]>([
    ['something else', { method: 'HEAD', act: WRONG }],
    ['that it is not there', { method: 'HEAD', act: status(404) }],
    ['nothing', { method: 'HEAD', act: status(403) }],
  ])('is a mismatch if a HEAD says %s', async (_what, fault) => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: WRONG });
    server.addFault(fault);
    const error = await registryErrorOf(put());
    expect(error.code).toBe('mismatch');
    expect(error.message).toMatch(/^PUT .*: the registry stored sha256:0+, not sha256:/);
    expect(lines()).toEqual(['PUT v1', 'HEAD v1']);
  });
});

describe('a tag whose answer is lost', () => {
  it.each([1, Infinity])('is not written again where it is there: %f times', async (times) => {
    const { server, put, lines, clock } = await setUp();
    server.addFault({ ...PUT, act: LOST, times });
    await put();
    expect(lines()).toEqual(['PUT v1', 'HEAD v1']);
    expect(clock.waits).toEqual([500]);
    expect(server.store.resolveTag('app', 'v1')).toBe(manifest.digest);
  });

  it('is found where the connection is closed without a word', async () => {
    const closed = { raw: '', ending: 'close' } as const;
    await putTo([step('PUT', closed), step('HEAD', there(manifest.digest))]);
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
    await putTo([step('PUT', answer), step('HEAD', there(manifest.digest))]);
  });

  it('is written again where it is not there', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: { kind: 'reset' } });
    await put();
    expect(lines()).toEqual(['PUT v1', 'HEAD v1', 'PUT v1']);
    expect(server.store.resolveTag('app', 'v1')).toBe(manifest.digest);
  });

  it('is left alone where it has become something else meanwhile', async () => {
    const { server, put, lines } = await setUp();
    push(server, 'app', OTHER, 'v1');
    server.addFault({ ...PUT, act: { kind: 'reset' } });
    const error = await registryErrorOf(put());
    expect(error.code).toBe('moved');
    expect(error.message).toContain(
      `it has become ${OTHER.manifest.digest} since the plan was made: tag moves`,
    );
    expect(lines()).toEqual(['PUT v1', 'HEAD v1']);
    expect(server.store.resolveTag('app', 'v1')).toBe(OTHER.manifest.digest);
  });

  it('is looked for after the last attempt too', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: { kind: 'reset' }, times: 4 });
    server.addFault({ ...PUT, act: LOST });
    await put();
    expect(lines()).toEqual(Array.from({ length: 5 }, () => ['PUT v1', 'HEAD v1']).flat());
  });

  it('is not written where nobody can say whether it is there: the failure is that of the PUT', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: LOST });
    server.addFault({ method: 'HEAD', act: status(403), times: Infinity });
    expect((await registryErrorOf(put())).message).toMatch(/^PUT .*ECONNRESET/);
    expect(lines()).toEqual(['PUT v1', 'HEAD v1']);
  });

  it.each<[string, FaultAct]>([
    ['a refusal for want of quota', status(429)],
    ['the same with a wait that is not long', status(503, { 'Retry-After': '5' })],
    ['what came too slowly', status(408)],
    ['401 without a challenge', status(401)],
  ])('is not looked for after %s: that was not done', async (_what, act) => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act });
    await put();
    expect(lines()).toEqual(['PUT v1', 'PUT v1']);
  });

  it('is not looked for any longer than the signal allows: the abort tells what the PUT failed with', async () => {
    const stop = new AbortController();
    const { server, put, lines } = await setUp({ signal: stop.signal });
    server.addFault({ ...PUT, act: LOST });
    server.addFault({ method: 'HEAD', act: { kind: 'stall' } });
    const error = put().catch((thrown: unknown) => thrown);
    await until(() => lines().length === 2);
    stop.abort();
    expect(isAbort(await error)).toBe(true);
    expect(messageOf(failureBefore(await error, stop.signal))).toMatch(/^PUT .*ECONNRESET/);
  });

  it('is looked for after a long wait: somebody else may have written it', async () => {
    const { server, put, lines } = await setUp();
    push(server, 'app', OTHER, 'v1');
    server.addFault({ ...PUT, act: status(429, { 'Retry-After': '60' }) });
    expect((await registryErrorOf(put())).code).toBe('moved');
    expect(lines()).toEqual(['PUT v1', 'HEAD v1']);
    expect(server.store.resolveTag('app', 'v1')).toBe(OTHER.manifest.digest);
  });

  it('is written after a long wait where it is still not there', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: status(503, { 'Retry-After': '60' }) });
    await put();
    expect(lines()).toEqual(['PUT v1', 'HEAD v1', 'PUT v1']);
  });
});

describe('a tag that was seen long ago', () => {
  it.each([1, 50])('is looked at before it is written, in the slot that it has: of %i', async (threads) => {
    const { server, put, lines, clock } = await setUp({ threads });
    await put(tagOf('v1'), clock.monotonic() - 5001);
    expect(lines()).toEqual(['HEAD v1', 'PUT v1']);
    expect(server.store.resolveTag('app', 'v1')).toBe(manifest.digest);
  });

  it('is not looked at where that was just now', async () => {
    const { put, lines, clock } = await setUp();
    await put(tagOf('v1'), clock.monotonic() - 5000);
    expect(lines()).toEqual(['PUT v1']);
  });

  it('is left alone where it has become something else', async () => {
    const { server, put, lines } = await setUp();
    push(server, 'app', OTHER, 'v1');
    expect((await registryErrorOf(put(tagOf('v1'), LONG_AGO))).code).toBe('moved');
    expect(lines()).toEqual(['HEAD v1']);
  });

  it('is not written where somebody else has done so already', async () => {
    const { server, put, lines } = await setUp();
    push(server, 'app', CONTENT, 'v1');
    await put(tagOf('v1'), LONG_AGO);
    expect(lines()).toEqual(['HEAD v1']);
  });

  it('is not written where nobody can say what it is: that is told', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ method: 'HEAD', act: status(403), times: Infinity });
    expect((await registryErrorOf(put(tagOf('v1'), LONG_AGO))).message).toMatch(
      /^PUT .*v1: not sent, because nobody can say what is there by now: HEAD .*v1: 403/,
    );
    expect(lines()).toEqual(['HEAD v1']);
  });

  it('may have been seen before a host asked for quiet, because of another request', async () => {
    const { server, put, lines } = await setUp({ threads: 1 });
    push(server, 'app', OTHER, 'v2');
    server.addFault({ ...PUT, act: status(429, { 'Retry-After': '60' }) });
    const [first, second] = await Promise.allSettled([put(tagOf('v1')), put(tagOf('v2'))]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
    expect(lines().filter((line) => line.endsWith('v2'))).toEqual(['HEAD v2']);
    expect(server.store.resolveTag('app', 'v2')).toBe(OTHER.manifest.digest);
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

describe('a manifest that is answered with 200', () => {
  it('is stored where the answer says which', async () => {
    await putTo([step('PUT', there(manifest.digest))]);
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
    server.addFault({ method: 'HEAD', act: WRONG });
    const error = await registryErrorOf(uploadBlob(client.registry, repository, { blob: BLOB }));
    expect(error.code).toBe('mismatch');
    expect(error.message).toContain(`not ${BLOB.digest}`);
  });
});

async function setUp({ signal = quiet(), threads = 50 } = {}) {
  const server = await embeddedForTest({ validation: 'sparse' });
  const clock = new FakeClock();
  const client = clientForTest({ clock, threads });
  const repository = repositoryAt(server, 'app');
  const put = (reference: Reference = tagOf('v1'), seenAt = clock.monotonic()) =>
    client.registry.putManifest(repository, { reference, manifest, seenAt }, signal);
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

function there(digest: Digest): ScriptedAnswer {
  return { status: 200, headers: { 'docker-content-digest': digest } };
}

function status(code: number, headers: Record<string, string> = {}): FaultAct {
  return { kind: 'status', status: code, headers };
}
