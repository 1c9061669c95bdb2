import { describe, expect, it } from 'vitest';
import { failureBefore, isAbort, messageOf } from '../../../../src/base/errors.ts';
import type { FaultAct } from '../../../../src/embedded-registry/embedded-registry.ts';
import { digestOf } from '../../../../src/image/digest.ts';
import type { Reference } from '../../../../src/image/reference.ts';
import { image, layer, push } from '../../../builders/images.ts';
import { uploadBlob } from '../../../system/contract/push-through-port.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';
import { type Step, scriptedServer } from '../../../doubles/scripted-server.ts';
import { clientForTest, embeddedForTest, quiet, registryErrorOf, repositoryAt, tagOf } from '../client.ts';

const CONTENT = image({ seed: 'unusual' });
const OTHER = image({ seed: 'unusual, of somebody else' });
const { manifest } = CONTENT;
const BLOB = layer('unusual', 4096);
const OTHER_DIGEST = digestOf(Buffer.from('other'));
const PUT = { kind: 'manifest-put' } as const;
const LOOK = { path: /manifests/, method: 'HEAD' } as const;
const READ = { path: /manifests/, method: 'GET' } as const;

/** Done, and answered so, with the digest or without. */
function done(status: number, { isNamed = false } = {}): FaultAct {
  return { kind: 'headers', status, headers: isNamed ? {} : { 'Docker-Content-Digest': undefined } };
}

/** Not done, and answered so. */
function notDone(status: number): FaultAct {
  return { kind: 'status', status };
}

async function setUp() {
  const server = await embeddedForTest({ validation: 'sparse' });
  const clock = new FakeClock();
  const { registry } = clientForTest({ clock });
  const repository = repositoryAt(server, 'app');
  const put = (reference: Reference = tagOf('v1'), signal = quiet()) =>
    registry.putManifest(repository, { reference, manifest }, signal);
  const lines = () => server.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1) ?? ''}`);
  return { server, clock, registry, repository, put, lines };
}

const UNUSUAL = [
  [200, false],
  [200, true],
  [202, false],
  [202, true],
  [204, false],
  [204, true],
] as const;

describe.each(['tag', 'digest'])('a manifest that is put by %s', (by) => {
  const reference = by === 'tag' ? tagOf('v1') : manifest.digest;
  const seen = `HEAD ${reference}`;
  /** A tag is looked at right before it is written. */
  const before = by === 'tag' ? [seen] : [];
  const written = [...before, `PUT ${reference}`];

  it.each(UNUSUAL)(
    'and answered %i (with the digest: %j) is settled by one HEAD',
    async (status, isNamed) => {
      const { server, clock, put, lines } = await setUp();
      server.addFault({ ...PUT, act: done(status, { isNamed }), times: Infinity });
      await put(reference);
      expect(lines()).toEqual([...written, seen]);
      expect(clock.waits).toEqual([]);
    },
  );

  it.each([200, 202, 204])('and answered %i though it is not there is put again', async (status) => {
    const { server, clock, put, lines } = await setUp();
    server.addFault({ ...PUT, act: notDone(status) });
    await put(reference);
    expect(lines()).toEqual([...written, seen, ...written]);
    expect(clock.waits).toEqual([750]);
  });

  it.each([200, 202, 204])('and answered %i though it never is there is not believed', async (status) => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: notDone(status), times: Infinity });
    const error = await registryErrorOf(put(reference));
    expect(error).toMatchObject({ code: 'unexpected', status, temporary: false });
    expect(error.message).toMatch(new RegExp(`^PUT .*: answered ${status}, but the manifest is not there$`));
    expect(lines()).toEqual(Array.from({ length: 4 }, () => [...written, seen]).flat());
  });

  it('and is there a little later is found then', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: done(202), times: Infinity });
    server.addFault({ ...LOOK, skip: before.length, act: notDone(404) });
    await put(reference);
    expect(lines().at(-1)).toBe(seen);
  });

  it.each([
    [200, false, false],
    [202, false, false],
    [202, true, true],
  ])(
    'and answered %i (with the digest: %j) where nobody can look is believed: %j',
    async (status, isNamed, isBelieved) => {
      const { server, put } = await setUp();
      server.addFault({ ...PUT, act: done(status, { isNamed }), times: Infinity });
      server.addFault({ ...LOOK, skip: before.length, act: notDone(403), times: Infinity });
      server.addFault({ ...READ, act: notDone(403), times: Infinity });
      const error = isBelieved ? await put(reference) : (await registryErrorOf(put(reference))).message;
      const words = expect.stringMatching(
        /the registry does not show whether the manifest exists$/,
      ) as unknown;
      expect(error).toEqual(isBelieved ? {} : words);
    },
  );

  it('and is waited for no longer than the signal allows: the abort tells what the PUT failed with', async () => {
    const stop = new AbortController();
    const { server, clock, put } = await setUp();
    server.addFault({ ...PUT, act: notDone(202), times: Infinity });
    clock.sleep = async () => {
      stop.abort();
      stop.signal.throwIfAborted();
    };
    const error = await put(reference, stop.signal).catch((thrown: unknown) => thrown);
    expect(isAbort(error)).toBe(true);
    expect(messageOf(failureBefore(error, stop.signal))).toMatch(/^PUT .*: answered 202, but/);
  });
});

describe('a manifest that is answered 201 without a digest', () => {
  it('is believed: the specification only recommends to name it', async () => {
    const { server, put, lines } = await setUp();
    server.addFault({ ...PUT, act: done(201) });
    await put();
    expect(lines()).toEqual(['HEAD v1', 'PUT v1']);
  });
});

describe('a tag that is answered with an unusual success', () => {
  it.each([200, 202, 204])('%i and is something else is left so', async (status) => {
    const { server, put, lines } = await setUp();
    push(server, 'app', OTHER, 'v1');
    server.addFault({ ...LOOK, act: notDone(404) }); // it was free right before
    server.addFault({ ...PUT, act: notDone(status) });
    expect((await registryErrorOf(put())).code).toBe('moved');
    expect(lines()).toEqual(['HEAD v1', 'PUT v1', 'HEAD v1']);
    expect(server.store.resolveTag('app', 'v1')).toBe(OTHER.manifest.digest);
  });
});

describe('a blob whose upload is answered with an unusual success', () => {
  it.each([200, 202, 203, 204])('%i is settled by one HEAD', async (status) => {
    const { server, registry, repository } = await setUp();
    server.addFault({ kind: 'upload-put', act: done(status) });
    await uploadBlob(registry, repository, { blob: BLOB });
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'PUT', 'HEAD']);
  });

  it.each([200, 202, 204])('%i is not believed where it is not there', async (status) => {
    const { server, registry, repository } = await setUp();
    server.addFault({ kind: 'upload-put', act: notDone(status) });
    const error = await registryErrorOf(uploadBlob(registry, repository, { blob: BLOB }));
    expect(error).toMatchObject({ code: 'unexpected', status });
    expect(error.message).toMatch(new RegExp(`^PUT .*: answered ${status}, but the blob is not there$`));
  });

  it('201 without a digest is believed: the manifest will tell', async () => {
    const { server, registry, repository } = await setUp();
    server.addFault({ kind: 'upload-put', act: done(201) });
    await uploadBlob(registry, repository, { blob: BLOB });
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'PUT']);
  });
});

describe('a mount that is answered with an unusual success', () => {
  const mount = (registry: ReturnType<typeof clientForTest>['registry'], server: { host: string }) =>
    registry.mountBlob(
      repositoryAt(server, 'app'),
      { digest: BLOB.digest, from: repositoryAt(server, 'lib') },
      quiet(),
    );

  it.each([
    [200, {}],
    [200, { location: '/v2/app/blobs/x' }],
    [204, {}],
    [201, { 'docker-content-digest': OTHER_DIGEST }],
  ])('%i %j is settled by one HEAD', async (status, headers) => {
    const answers = [
      [{ status: 200 }, 'mounted'],
      [{ status: 404 }, 'unexpected'],
    ] as const;
    for (const [there, expected] of answers) {
      const server = await scriptedServer([
        { request: /^POST/, answer: { status, headers } },
        { request: `HEAD /v2/app/blobs/${BLOB.digest}`, answer: there },
      ]);
      const clock = new FakeClock();
      const { registry } = clientForTest({ clock });
      const asked = mount(registry, server);
      expect(expected === 'mounted' ? await asked : (await registryErrorOf(asked)).code).toBe(expected);
      expect(clock.waits).toEqual([]);
    }
  });
});

describe('an upload that is opened with an unusual success', () => {
  it.each([200, 201, 204])('%i goes where it is told to', async (status) => {
    const steps: readonly Step[] = [
      { request: /^POST/, answer: { status, headers: { location: '/up/1' } } },
      { request: /^PUT \/up\/1/, answer: { status: 201 } },
    ];
    const server = await scriptedServer(steps);
    await uploadBlob(clientForTest().registry, repositoryAt(server, 'app'), { blob: BLOB });
  });

  it.each([201, 204])('%i that leads nowhere is refused', async (status) => {
    const server = await scriptedServer([{ request: /^POST/, answer: { status } }]);
    const asked = clientForTest().registry.startUpload(repositoryAt(server, 'app'), quiet());
    expect(await registryErrorOf(asked)).toMatchObject({ code: 'unexpected', status });
  });
});
