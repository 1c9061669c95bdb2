import { describe, expect, it, onTestFinished } from 'vitest';
import { createDiskSpool } from '../../../../../src/adapters/system/disk-spool.ts';
import { createRegistryOver } from '../../../../../src/adapters/oci/oci-registry.ts';
import { readBlob } from '../../../../../src/attachments/read-blob.ts';
import { BlobFanOut } from '../../../../../src/copy/blobs/blob-fan-out.ts';
import { BlobTransfer } from '../../../../../src/copy/blobs/blob-transfer.ts';
import { UploadOpener } from '../../../../../src/copy/blobs/upload-opener.ts';
import type { Fault, FaultAct } from '../../../../../src/embedded-registry/server/faults.ts';
import type { EmbeddedRegistry } from '../../../../../src/embedded-registry/embedded-registry.ts';
import { createWire } from '../../../../../src/http/wire.ts';
import { UNKNOWN_SIZE } from '../../../../../src/image/oci-manifest.ts';
import { layer } from '../../../../builders/images.ts';
import { testdir } from '../../../../builders/testdir.ts';
import { FakeClock } from '../../../../doubles/fake-clock.ts';
import { withReusedMemory } from '../../../../doubles/reused-memory.ts';
import { scriptedServer } from '../../../../doubles/scripted-server.ts';
import { descriptorOf, embeddedForTest, keychainOf, quiet, repositoryAt, USER_AGENT } from '../../client.ts';

const MIB = 1024 * 1024;
const LARGE = layer('in memory that is used again', 3 * MIB + 1);
const BLOB = descriptorOf(LARGE);

/** A client whose streams overwrite each piece after its use. */
function clientWithReusedMemory() {
  const wire = createWire({ originOf: (host) => `http://${host}` });
  onTestFinished(wire.close);
  const options = { keychain: keychainOf({}), clock: new FakeClock(), plainHttp: [], threads: 50 };
  const over = { send: withReusedMemory(wire.send), close: wire.close };
  return createRegistryOver(over, { ...options, userAgent: USER_AGENT }).registry;
}

async function setUp(spoolLimit = 2 ** 30) {
  const registry = clientWithReusedMemory();
  const source = await embeddedForTest({ resumption: 'any-byte' });
  source.store.putBlob('app', LARGE.bytes, LARGE.digest);
  const log = { write: () => {} };
  const spool = createDiskSpool({ directory: await testdir({}), limit: spoolLimit, log });
  const supply = new BlobFanOut({ source: registry, spool });
  onTestFinished(() => supply.close());
  const uploads = new UploadOpener(registry);
  const transfer = new BlobTransfer({
    supply,
    destination: registry,
    uploads,
    clock: new FakeClock(),
    transfers: 4,
    stopping: quiet(),
  });
  const progress = { restart: () => {}, advance: () => {}, end: () => {} };
  /** Copies the blob to servers, which share one read of it. */
  const copy = async (blob = BLOB, ...servers: readonly { readonly host: string }[]) => {
    for (const { host } of servers) {
      const others = servers.filter((server) => server.host !== host).map((server) => server.host);
      supply.arrive(blob, host, others);
    }
    const send = async (server: { readonly host: string }) => {
      const destination = repositoryAt(server, 'app');
      const task = { blob, destination, sources: [repositoryAt(source, 'app')], onBlob: () => progress };
      await transfer.run(task, { signal: quiet(), opened: undefined });
      supply.settle(blob, server.host);
    };
    await Promise.all(servers.map(send));
  };
  return { registry, source, copy };
}

function destination(...faults: readonly Fault[]): Promise<EmbeddedRegistry> {
  return embeddedForTest({ resumption: 'any-byte', faults });
}

function holds({ store }: EmbeddedRegistry): boolean {
  return store.hasBlob('app', LARGE.digest);
}

describe('a blob in memory that is used again', () => {
  it('is copied to one host', async () => {
    const { copy } = await setUp();
    const server = await destination();
    await copy(BLOB, server);
    expect(holds(server)).toBe(true);
  });

  it.each([
    ['through the spool', 2 ** 30, 1],
    ['without it', 0, 3],
  ])('is copied to several hosts %s', async (_how, limit, reads) => {
    const { copy, source } = await setUp(limit);
    const servers = await Promise.all([destination(), destination(), destination()]);
    await copy(BLOB, ...servers);
    expect(servers.map(holds)).toEqual([true, true, true]);
    expect(source.requests.filter(({ kind }) => kind === 'blob-get')).toHaveLength(reads);
  });

  it.each<FaultAct>([{ kind: 'truncate' }, { kind: 'reset-mid-body' }])(
    'is resumed after its source broke off: $kind',
    async (act) => {
      const { copy, source } = await setUp();
      source.addFault({ kind: 'blob-get', act, times: 2 });
      const server = await destination();
      await copy(BLOB, server);
      expect(holds(server)).toBe(true);
    },
  );

  it('is resumed by a source that begins again', async () => {
    const registry = clientWithReusedMemory();
    const raw = `HTTP/1.1 200 OK\r\ncontent-length: ${BLOB.size}\r\n\r\n`;
    const half = Buffer.concat([Buffer.from(raw), LARGE.bytes.subarray(0, MIB)]);
    const server = await scriptedServer([
      { request: /^GET/, answer: { raw: half, ending: 'close' } },
      { request: /^GET/, answer: { status: 200, body: LARGE.bytes } },
    ]);
    const read = { repository: repositoryAt(server, 'app'), blob: BLOB };
    expect(Buffer.from(await readBlob(registry, read, quiet())).equals(LARGE.bytes)).toBe(true);
  });

  it('is uploaded again from the offset where the upload broke off', async () => {
    const { copy } = await setUp();
    const server = await destination({ method: 'PUT', act: { kind: 'cut-upload', atByte: 2 * MIB } });
    await copy(BLOB, server);
    expect(server.requests.map(({ kind }) => kind)).toContain('upload-patch');
    expect(holds(server)).toBe(true);
  });

  it('is uploaded in chunks', async () => {
    const { copy } = await setUp();
    const server = await embeddedForTest({ maxUploadBytes: MIB });
    await copy(BLOB, server);
    expect(server.requests.filter(({ kind }) => kind === 'upload-patch')).toHaveLength(7);
    expect(holds(server)).toBe(true);
  });

  it('is opened again for a redirect', async () => {
    const { copy, source } = await setUp();
    const server = await scriptedServer([
      { request: /^POST/, answer: { status: 202, headers: { location: '/up' } } },
      { request: /^PUT \/up/, early: true, answer: { status: 307, headers: { location: '/moved' } } },
      { request: 'PUT /moved', answer: { status: 201 } },
    ]);
    await copy(BLOB, server);
    expect(server.requests.at(-1)?.body.equals(LARGE.bytes)).toBe(true);
    expect(source.requests.filter(({ kind }) => kind === 'blob-get')).toHaveLength(2);
  });

  it('is copied without its size', async () => {
    const { copy } = await setUp();
    const server = await destination();
    await copy({ ...BLOB, size: UNKNOWN_SIZE }, server);
    expect(holds(server)).toBe(true);
  });

  it('is checked', async () => {
    const { registry, source } = await setUp();
    const check = { blob: BLOB, extent: 'whole' } as const;
    expect(await registry.checkBlob(repositoryAt(source, 'app'), check, quiet())).toBe('sound');
    source.addFault({ kind: 'blob-get', act: { kind: 'flip-bit' } });
    expect(await registry.checkBlob(repositoryAt(source, 'app'), check, quiet())).toBe('damaged');
  });
});
