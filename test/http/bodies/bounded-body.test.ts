import { describe, expect, it } from 'vitest';
import type { FaultAct } from '../../../src/embedded-registry/embedded-registry.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  tagOf,
  until,
} from '../../adapters/oci/client.ts';
import { blob, image, layer, push } from '../../builders/images.ts';
import { rawAnswer, type Step, scriptedServer } from '../../doubles/scripted-server.ts';

const MIB = 1024 * 1024;

/** A manifest of exactly so many bytes. */
function manifestOf(size: number): Buffer {
  const [start, end] = ['{"schemaVersion":2,"layers":[],"annotations":{"a":"', '"}}'];
  return Buffer.from(`${start}${'x'.repeat(size - start.length - end.length)}${end}`);
}

describe('the size of answers', () => {
  it('may be 4 MiB for a manifest', async () => {
    const body = manifestOf(4 * MIB);
    const headers = { 'content-type': OCI_MANIFEST };
    const server = await scriptedServer([{ request: /^GET/, answer: { status: 200, headers, body } }]);
    const asked = clientForTest().registry.fetchManifest(
      repositoryAt(server, 'app'),
      digestOf(body),
      quiet(),
    );
    expect((await asked)?.bytes).toHaveLength(4 * MIB);
  });

  it('may not be more', async () => {
    const body = manifestOf(4 * MIB + 1);
    const server = await scriptedServer([{ request: /^GET/, answer: { status: 200, body } }]);
    const repository = repositoryAt(server, 'app');
    const asked = clientForTest().registry.fetchManifest(repository, digestOf(body), quiet());
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain('the answer is larger than 4194304 bytes');
  });

  it('does not depend on an honest Content-Length', async () => {
    const chunk = 'x'.repeat(0xffff);
    const chunks = Array<string>(3).fill(`ffff\r\n${chunk}\r\n`).join('');
    const raw = rawAnswer(['HTTP/1.1 202 Accepted', 'Transfer-Encoding: chunked'], chunks);
    const server = await scriptedServer([{ request: /^POST/, answer: { raw, ending: 'open' } }]);
    const asked = clientForTest().registry.startUpload(repositoryAt(server, 'app'), quiet());
    expect((await registryErrorOf(asked)).message).toMatch(
      /uploads\/: the answer is larger than 65536 bytes$/,
    );
  });

  it.each(['small', 'large'])('does not hide an error: its beginning is enough (%s)', async (size) => {
    const page = `<h1>Bad gateway</h1>${' '.repeat(100_000)}`;
    const raw = rawAnswer(['HTTP/1.1 502 Bad Gateway'], page);
    const step: Step = { request: /^(GET|POST)/, answer: { raw, ending: 'open' } };
    const server = await scriptedServer([step, step, step, step, step]);
    const { registry } = clientForTest();
    const repository = repositoryAt(server, 'app');
    const asked =
      size === 'small'
        ? registry.startUpload(repository, quiet())
        : registry.openBlob(repository, descriptorOf(layer('bad', 2 * MIB)), quiet());
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'unavailable', status: 502, temporary: true });
    expect(error.message).toMatch(/: 502: Bad gateway…$/);
    await until(() => server.connections === 0);
  });

  it('is bounded for a token', async () => {
    const body = { token: 'x'.repeat(MIB) };
    const server = await scriptedServer((url) => [
      {
        request: /^HEAD/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
      },
      { request: /^GET \/token/, answer: { status: 200, body } },
    ]);
    const asked = clientForTest().registry.hasBlob(
      repositoryAt(server, 'app'),
      digestOf(blob('a', 1)),
      quiet(),
    );
    expect(await registryErrorOf(asked)).toMatchObject({ code: 'unexpected', temporary: false });
  });
});

describe('a manifest', () => {
  const content = image({ seed: 'bodies' });
  const { digest, bytes, mediaType } = content.manifest;

  it.each<[string, FaultAct, number]>([
    ['with a flipped bit under the right header', { kind: 'flip-bit' }, 1],
    ['cut without a word', { kind: 'short-body' }, 1],
    ['damaged three times', { kind: 'flip-bit' }, 3],
  ])('%s is read again', async (_what, act, times) => {
    const server = await embeddedForTest({ faults: [{ kind: 'manifest-get', act, times }] });
    push(server, 'app', content);
    const manifest = await clientForTest().registry.fetchManifest(
      repositoryAt(server, 'app'),
      digest,
      quiet(),
    );
    expect(Buffer.from(manifest?.bytes ?? []).equals(bytes)).toBe(true);
    expect(server.requests).toHaveLength(1 + times);
  });

  it('that stays damaged is a mismatch', async () => {
    const server = await embeddedForTest({ faults: [{ act: { kind: 'flip-bit' }, times: Infinity }] });
    push(server, 'app', content);
    const asked = clientForTest().registry.fetchManifest(repositoryAt(server, 'app'), digest, quiet());
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'mismatch', temporary: false });
    expect(error.message).toBe(
      `GET ${server.url}/v2/app/manifests/${digest}: the registry served ${bytes.length} bytes that are not ${digest}`,
    );
    expect(server.requests).toHaveLength(4);
  });

  it('is judged by its bytes, whatever its header says', async () => {
    const server = await embeddedForTest({ faults: [{ act: { kind: 'wrong-digest-header' } }] });
    push(server, 'app', content);
    const manifest = await clientForTest().registry.fetchManifest(
      repositoryAt(server, 'app'),
      digest,
      quiet(),
    );
    expect(manifest?.digest).toBe(digest);
  });

  it.each<[string, Record<string, string>, string]>([
    ['with parameters', { 'content-type': `${mediaType}; charset=utf-8` }, OCI_MANIFEST],
    ['in capitals', { 'content-type': mediaType.toUpperCase() }, OCI_MANIFEST],
    ['of no use', { 'content-type': 'application/json' }, OCI_MANIFEST],
    ['missing', {}, OCI_MANIFEST],
    ['of another manifest', { 'content-type': OCI_INDEX }, OCI_INDEX],
  ])('has the type that its server said, or its own where that is %s', async (_what, headers, expected) => {
    const server = await scriptedServer([{ request: /^GET/, answer: { status: 200, headers, body: bytes } }]);
    const asked = clientForTest().registry.fetchManifest(repositoryAt(server, 'app'), digest, quiet());
    expect((await asked)?.mediaType).toBe(expected);
  });
});

describe('a bare 200', () => {
  const { manifest } = image({ seed: 'a page' });
  const page = {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: '<h1>Log in</h1>',
  };

  it.each(['tag', 'digest'])('with a web page is no answer about a %s', async (what) => {
    const step = { request: /^HEAD/, answer: { ...page, body: '' } };
    const server = await scriptedServer([step, step, step, step]);
    const reference = what === 'tag' ? tagOf('v1') : manifest.digest;
    const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), reference, quiet());
    expect((await registryErrorOf(asked)).message).toContain('the answer is a web page, not a manifest');
  });

  it('is no manifest where its body is none', async () => {
    const answer = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true}' };
    const server = await scriptedServer([
      { request: /^HEAD/, answer: { ...answer, body: '' } },
      { request: /^GET/, answer },
    ]);
    const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    await expect(asked).rejects.toThrow('is not a descriptor');
  });

  it('of another kind is no answer about a digest: the manifest is read, and is another one', async () => {
    const answer = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true}' };
    const read = { request: /^GET/, answer };
    const server = await scriptedServer([
      { request: /^HEAD/, answer: { ...answer, body: '' } },
      read,
      read,
      read,
      read, // it may be damage on the way
    ]);
    const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), manifest.digest, quiet());
    expect((await registryErrorOf(asked)).code).toBe('mismatch');
  });

  it.each([
    ['nothing besides', {}],
    ['the type of a blob', { 'content-type': 'application/octet-stream' }],
    [
      'its digest, whatever its type',
      { 'docker-content-digest': manifest.digest, 'content-type': 'text/html' },
    ],
  ])('that has %s says of a blob that it is there', async (_what, headers) => {
    const server = await scriptedServer([{ request: /^HEAD/, answer: { status: 200, headers } }]);
    const asked = clientForTest().registry.hasBlob(repositoryAt(server, 'app'), manifest.digest, quiet());
    expect(await asked).toBe(true);
  });

  it.each([
    ['the type of a page', { 'content-type': 'text/html; charset=utf-8' }],
    ['the type of a notice', { 'content-type': 'application/json' }],
    ['another digest', { 'docker-content-digest': digestOf(Buffer.from('other')) }],
  ])('that has %s says nothing of a blob: its first byte is asked for', async (_what, headers) => {
    const unclear = { status: 200, headers };
    for (const [answer, expected] of [
      [{ status: 206, body: 'x' }, true],
      [{ status: 404 }, false],
      [{ ...unclear, body: '<h1>Log in</h1>' }, false],
    ] as const) {
      const server = await scriptedServer([
        { request: /^HEAD/, answer: unclear },
        { request: /^GET/, answer },
        { request: /^HEAD/, answer: { status: 404 } },
      ]);
      const { registry } = clientForTest();
      const ask = () => registry.hasBlob(repositoryAt(server, 'app'), manifest.digest, quiet());
      expect(await ask()).toBe(expected);
      expect(await ask()).toBe(false); // by HEAD: that was not refused
    }
  });

  it('that names another digest is a mismatch', async () => {
    const headers = { 'docker-content-digest': digestOf(Buffer.from('other')) };
    const server = await scriptedServer([{ request: /^HEAD/, answer: { status: 200, headers } }]);
    const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), manifest.digest, quiet());
    expect((await registryErrorOf(asked)).code).toBe('mismatch');
  });
});

describe('a tag', () => {
  const { manifest } = image({ seed: 'a tag' });

  it.each(['', 'sha256:1', 'md5:d41d8cd98f00b204e9800998ecf8427e'])(
    'whose digest the server does not tell (%j) is read',
    async (header) => {
      const headers = { ...(header !== '' && { 'docker-content-digest': header }) };
      const server = await scriptedServer([
        { request: 'HEAD /v2/app/manifests/v1', answer: { status: 200, headers } },
        {
          request: 'GET /v2/app/manifests/v1',
          answer: { status: 200, headers: { 'content-type': manifest.mediaType }, body: manifest.bytes },
        },
      ]);
      const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
      expect(await asked).toBe(manifest.digest);
    },
  );

  it('that disappears meanwhile is absent', async () => {
    const server = await scriptedServer([
      { request: 'HEAD /v2/app/manifests/v1', answer: { status: 200 } },
      { request: 'GET /v2/app/manifests/v1', answer: { status: 404 } },
    ]);
    const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect(await asked).toBeUndefined();
  });
});

describe('a blob', () => {
  const small = layer('small', 5000);
  const large = layer('large', 2 * MIB);

  async function open(which: typeof small, act: FaultAct) {
    const server = await embeddedForTest({ faults: [{ kind: 'blob-get', act, times: Infinity }] });
    server.store.putBlob('app', which.bytes, which.digest);
    const { registry } = clientForTest();
    return registry.openBlob(repositoryAt(server, 'app'), descriptorOf(which), quiet()).then(readAll);
  }

  it.each<[string, typeof small, FaultAct, string]>([
    ['flipped bit, small', small, { kind: 'flip-bit' }, 'mismatch'],
    ['flipped bit, large', large, { kind: 'flip-bit' }, 'mismatch'],
    ['last bit flipped, large', large, { kind: 'flip-bit', atByte: 2 * MIB - 1 }, 'mismatch'],
    ['short, small', small, { kind: 'short-body' }, 'mismatch'],
    ['short, large', large, { kind: 'short-body', fraction: 0.99 }, 'unreachable'],
    ['truncated, small', small, { kind: 'truncate' }, 'unreachable'],
    ['truncated, large', large, { kind: 'truncate', fraction: 0.99 }, 'unreachable'],
    ['reset, large', large, { kind: 'reset-mid-body', fraction: 0.99 }, 'unreachable'],
    ['500', large, { kind: 'status', status: 500 }, 'unavailable'],
    ['part of it only', large, { kind: 'status', status: 206, body: 'abc' }, 'unexpected'],
  ])('does not end well: %s', async (_what, which, act, code) => {
    expect((await registryErrorOf(open(which, act))).code).toBe(code);
  });

  it.each<[string, typeof small, number]>([
    ['small', small, 0],
    ['small', small, 7],
    ['large', large, MIB],
  ])(
    'with another Content-Length than its descriptor says is a mismatch (%s)',
    async (_what, which, length) => {
      const server = await embeddedForTest();
      server.store.putBlob('app', which.bytes, which.digest);
      const blob = { ...descriptorOf(which), size: which.bytes.length + 1 + length };
      const asked = clientForTest().registry.openBlob(repositoryAt(server, 'app'), blob, quiet());
      const error = await registryErrorOf(asked.then(readAll));
      expect(error).toMatchObject({ code: 'mismatch', temporary: true });
      expect(error.message).toContain(
        `the registry has ${which.bytes.length} bytes of a blob of ${blob.size}`,
      );
    },
  );

  it('larger than its descriptor says is not read to its end', async () => {
    const raw = rawAnswer(['HTTP/1.1 200 OK'], 'x'.repeat(3 * MIB));
    const server = await scriptedServer([{ request: /^GET/, answer: { raw, ending: 'open' } }]);
    const asked = clientForTest().registry.openBlob(
      repositoryAt(server, 'app'),
      descriptorOf(large),
      quiet(),
    );
    const error = await registryErrorOf(asked.then(readAll));
    expect(error).toMatchObject({ code: 'mismatch', temporary: true });
    expect(error.message).toContain(`more than ${2 * MIB} bytes`);
  });

  it.each([
    ['says nothing of its size', ['Transfer-Encoding: chunked'], true],
    ['says that it sends no body', ['Content-Length: 0'], true],
    ['tells the size of an encoding', ['Content-Length: 7', 'Content-Encoding: gzip'], true],
    ['has all of it', ['Content-Length: 1024'], true],
    ['has a part of it', ['Content-Length: 7'], false],
  ] as const)('of a registry that %s: is it there?', async (_what, headers, expected) => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', ...headers]);
    const step: Step = { request: /^HEAD/, answer: { raw, ending: 'close' } };
    const server = await scriptedServer([step, step, step]);
    const repository = repositoryAt(server, 'app');
    const { registry } = clientForTest();
    const sized = descriptorOf(layer('sized', 1024));
    expect(await registry.hasBlob(repository, sized, quiet())).toBe(expected);
    expect(await registry.hasBlob(repository, { ...sized, size: -1 }, quiet())).toBe(true);
    expect(await registry.hasBlob(repository, sized.digest, quiet())).toBe(true);
  });

  it('of unknown size is read as a stream and checked by its digest', async () => {
    const server = await embeddedForTest();
    server.store.putBlob('app', small.bytes, small.digest);
    const unknown = { ...descriptorOf(small), size: -1 };
    const body = await clientForTest().registry.openBlob(repositoryAt(server, 'app'), unknown, quiet());
    expect(body).not.toBeInstanceOf(Uint8Array);
    expect((await readAll(body)).equals(small.bytes)).toBe(true);
  });

  it('that nobody wants any more gives its connection back', async () => {
    const server = await embeddedForTest();
    server.store.putBlob('app', large.bytes, large.digest);
    const { registry } = clientForTest();
    const repository = repositoryAt(server, 'app');
    const body = await registry.openBlob(repository, descriptorOf(large), quiet());
    if (body instanceof Uint8Array) throw new Error('expected a stream');
    body.destroy();
    expect(await registry.hasBlob(repository, large.digest, quiet())).toBe(true);
  });
});
