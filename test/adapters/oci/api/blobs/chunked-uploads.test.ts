// Covers src/adapters/oci/api/blobs/body-slices.ts
// Covers src/adapters/oci/api/blobs/chunk-support.ts
// Covers src/adapters/oci/api/blobs/finish-upload.ts

import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { BodySlices } from '../../../../../src/adapters/oci/api/blobs/body-slices.ts';
import { ChunkSupport } from '../../../../../src/adapters/oci/api/blobs/chunk-support.ts';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../../../../src/embedded-registry/embedded-registry.ts';
import type { UploadSession } from '../../../../../src/ports/registry.ts';
import { readWhole } from '../../../../../src/base/byte-stream.ts';
import { layer } from '../../../../builders/images.ts';
import { uploadBlob } from '../../../../system/contract/push-through-port.ts';
import { scriptedServer } from '../../../../doubles/scripted-server.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  quiet,
  registryErrorOf,
  repositoryAt,
} from '../../client.ts';

const MIB = 1024 * 1024;
const LARGE = layer('chunked', 6 * MIB);
const CHUNK = 5 * MIB;

async function setUp(options: EmbeddedRegistryOptions = {}) {
  const server = await embeddedForTest(options);
  const { registry } = clientForTest();
  return { server, registry, repository: repositoryAt(server, 'app') };
}

/** A body in pieces of a size that divides nothing. */
function pieces(): Readable {
  const size = 70_001;
  const starts = Array.from({ length: Math.ceil(LARGE.bytes.length / size) }, (_, index) => index * size);
  return Readable.from(
    starts.map((start) => LARGE.bytes.subarray(start, start + size)),
    { objectMode: false },
  );
}

function sentTo({ requests }: EmbeddedRegistry): readonly string[] {
  return requests
    .filter(({ kind }) => kind === 'upload-patch' || kind === 'upload-put')
    .map(({ method, status, bytesIn }) => `${method} ${bytesIn} ${status}`);
}

describe('a host that refuses large bodies', () => {
  it('gets chunks from the second upload on', async () => {
    const { server, registry, repository } = await setUp({ maxUploadBytes: CHUNK });
    const upload = () => uploadBlob(registry, repository, { blob: LARGE, open: pieces });
    expect(await registryErrorOf(upload())).toMatchObject({ status: 413 });
    server.clearRequests();
    await upload();
    expect(sentTo(server)).toEqual([`PATCH ${CHUNK} 202`, `PATCH ${MIB} 202`, 'PUT 0 201']);
    expect(server.store.hasBlob('app', LARGE.digest)).toBe(true);
  });

  it('gets small ones where it refuses these as well, and others get whole blobs still', async () => {
    const { server, registry, repository } = await setUp({ maxUploadBytes: MIB });
    const other = await embeddedForTest();
    const upload = () => uploadBlob(registry, repository, { blob: LARGE });
    await registryErrorOf(upload());
    await registryErrorOf(upload());
    server.clearRequests();
    await upload();
    expect(sentTo(server)).toEqual([
      ...Array.from({ length: 12 }, () => `PATCH ${MIB / 2} 202`),
      'PUT 0 201',
    ]);
    await uploadBlob(registry, repositoryAt(other, 'app'), { blob: LARGE });
    expect(sentTo(other)).toEqual([`PUT ${LARGE.bytes.length} 201`]);
  });

  it('gets no smaller ones than it says that they have to be', async () => {
    const { server, registry, repository } = await setUp({
      maxUploadBytes: 2 * MIB,
      chunkMinLength: 2 * MIB,
    });
    const upload = () => uploadBlob(registry, repository, { blob: LARGE });
    await registryErrorOf(upload());
    await registryErrorOf(upload());
    server.clearRequests();
    await upload();
    expect(sentTo(server)).toEqual([...Array.from({ length: 3 }, () => `PATCH ${2 * MIB} 202`), 'PUT 0 201']);
  });
});

describe('what is learned of a host', () => {
  it('is the largest size below what was refused, and never grows', () => {
    const chunks = new ChunkSupport();
    expect(chunks.mostOf('a.io')).toBe(Number.POSITIVE_INFINITY);
    chunks.learnTooMuch('a.io', 2 * MIB);
    expect(chunks.mostOf('a.io')).toBe(MIB / 2);
    chunks.learnTooMuch('a.io', 100 * MIB);
    chunks.learnTooMuch('a.io', 1000);
    expect(chunks.mostOf('a.io')).toBe(MIB / 2);
    expect(chunks.mostOf('b.io')).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([undefined, '', '-1', '1e9', '9'.repeat(13), 'many'])('is nothing from the header %o', (header) => {
    const chunks = new ChunkSupport();
    chunks.learnLeast('a.io', header);
    chunks.learnTooMuch('a.io', 100 * MIB);
    expect(chunks.mostOf('a.io')).toBe(CHUNK);
  });
});

describe('an upload that was interrupted', () => {
  it('goes on where the registry says, and sends what is left and nothing else', async () => {
    const { server, registry, repository } = await setUp({ resumption: 'any-byte' });
    const upload = { blob: descriptorOf(LARGE), open: () => Promise.resolve(pieces()) };
    const session = await registry.startUpload(repository, quiet());
    server.addFault({ method: 'PUT', act: { kind: 'cut-upload', atByte: 4 * MIB } });
    expect(await registryErrorOf(registry.finishUpload({ ...upload, session }, quiet()))).toMatchObject({
      code: 'unreachable',
    });
    const resumed = await registry.resumeUpload(session, quiet());
    if (resumed === undefined) throw new Error('expected an upload to go on with');
    expect(resumed.received).toBe(4 * MIB);
    await registry.finishUpload({ ...upload, session: resumed }, quiet());
    expect(sentTo(server)).toEqual([`PUT ${4 * MIB} 0`, `PATCH ${2 * MIB} 202`, 'PUT 0 201']);
    expect(server.openUploads).toBe(0);
  });

  it('tells where it is after every chunk', async () => {
    const { registry, repository } = await setUp({ maxUploadBytes: CHUNK });
    await registryErrorOf(uploadBlob(registry, repository, { blob: LARGE }));
    const moves: number[] = [];
    const session = await registry.startUpload(repository, quiet());
    const onMove = ({ received }: UploadSession) => moves.push(received);
    const open = () => Promise.resolve(LARGE.bytes);
    await registry.finishUpload({ session, blob: descriptorOf(LARGE), open, onMove }, quiet());
    expect(moves).toEqual([CHUNK, 6 * MIB]);
  });

  it.each([
    [204, { range: '0-4095' }, 4096],
    [204, { range: 'bytes=0-4095' }, 4096],
    [200, { range: '0-4095', location: '/elsewhere?s=1' }, 4096],
    [204, {}, undefined],
    [204, { range: '0-0' }, undefined],
    [204, { range: '0--1' }, undefined],
    [204, { range: '5-9' }, undefined],
    [204, { range: `0-${'9'.repeat(30)}` }, undefined],
    [204, { range: '0-9', location: 'ftp://127.0.0.1/up' }, undefined],
    [404, { range: '0-9' }, undefined],
    [405, {}, undefined],
  ])('goes on after %i with %o from byte %o', async (status, headers, received) => {
    const server = await scriptedServer([{ request: 'GET /up?a=b', answer: { status, headers } }]);
    const repository = repositoryAt(server, 'app');
    const session = { repository, location: `${server.url}/up?a=b`, received: 0 };
    const resumed = await clientForTest().registry.resumeUpload(session, quiet());
    expect(resumed?.received).toBe(received);
    if (received === undefined) return;
    const location = 'location' in headers ? `${server.url}${headers.location}` : session.location;
    expect(resumed?.location).toBe(location);
  });

  it('is not believed when the registry has another number of bytes after a chunk', async () => {
    const server = await scriptedServer([
      {
        request: 'PATCH /up',
        check: ({ headers }) => {
          expect(headers['content-range']).toBe('100-199');
          expect(headers['content-length']).toBe('100');
        },
        answer: { status: 202, headers: { range: '0-149' } },
      },
    ]);
    const repository = repositoryAt(server, 'app');
    const blob = layer('short', 200);
    const session = { repository, location: `${server.url}/up`, received: 100 };
    const open = () => Promise.resolve(blob.bytes);
    const { registry } = clientForTest();
    const failed = registryErrorOf(
      registry.finishUpload({ session, blob: descriptorOf(blob), open }, quiet()),
    );
    expect((await failed).message).toContain('the registry has 150 bytes of the upload after 200 were sent');
  });

  it('whose source ends too early does not complete', async () => {
    const { server, registry, repository } = await setUp({ resumption: 'any-byte' });
    const session = { ...(await registry.startUpload(repository, quiet())), received: 1 };
    const open = () => Promise.resolve(LARGE.bytes.subarray(0, 1000));
    const failed = registryErrorOf(
      registry.finishUpload({ session, blob: descriptorOf(LARGE), open }, quiet()),
    );
    expect(await failed).toMatchObject({ code: 'mismatch' });
    expect(server.store.hasBlob('app', LARGE.digest)).toBe(false);
  });
});

describe('a slice of a body', () => {
  it('has its own bytes after one that was ended early, as by an answer before all of it was sent', async () => {
    const slices = new BodySlices(() => Promise.resolve(pieces()), 0);
    const first = await slices.next(200_000).open();
    if (first instanceof Uint8Array) throw new Error('no stream');
    for await (const _ of first) break;
    first.destroy();
    const second = await readWhole(await slices.next(100_000).open());
    expect(Buffer.compare(second, LARGE.bytes.subarray(200_000, 300_000))).toBe(0);
    slices.destroy();
  });
});
