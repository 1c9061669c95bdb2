import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { clientForTest, quiet, readAll, registryErrorOf, repositoryAt } from '../../adapters/oci/client.ts';
import { image, layer, push } from '../../builders/images.ts';
import { runWithReport } from '../../doubles/run-cip.ts';
import { type ScriptedAnswer, scriptedServer } from '../../doubles/scripted-server.ts';
import { embedded, manifestFlag } from '../staging.ts';

const TERABYTE = 2 ** 40;
const SIZES = [8 * TERABYTE, Number.MAX_SAFE_INTEGER, 2 ** 31, 2 ** 32 + 1];
const NO_SIZES = [2 ** 53, 1e300, -1, -TERABYTE, 1.5, '1', null, undefined, true, [], {}];
const BLOB = layer('real');
/** Of a blob that has another length than it should: it may be read rightly the next time. */
const READS = 4;
const LIMIT = 512 * 1024 * 1024;

/** Bytes that buffers of this process have taken at most while something was done. */
async function mostBuffered(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const look = () => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  const watch = setInterval(look, 1);
  await work().finally(() => clearInterval(watch));
  look();
  return most;
}

function serverOf(answer: ScriptedAnswer) {
  return scriptedServer(Array.from({ length: READS }, () => ({ request: /^GET/, answer })));
}

describe('a blob with the declared size of terabytes (GHSA-f36w-mj3v-6jqv)', () => {
  it.each(SIZES)('takes no memory: %i', async (size) => {
    const server = await serverOf({ status: 200, body: BLOB.bytes });
    const blob = { mediaType: OCI_LAYER_GZIP, digest: BLOB.digest, size };
    const { registry } = clientForTest();
    const asked = () => registry.openBlob(repositoryAt(server, 'app'), blob, quiet()).then(readAll);
    let error: unknown;
    const most = await mostBuffered(async () => (error = await registryErrorOf(asked())));
    expect(error).toMatchObject({ code: 'mismatch' });
    expect(most).toBeLessThan(LIMIT);
  });

  it.each(SIZES)('takes none where the server promises as much and sends less: %i', async (size) => {
    const raw = `HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\nless`;
    const step = { request: /^GET/, answer: { raw, ending: 'close' } } as const;
    const server = await scriptedServer([step, step, step, step, step]); // it is asked to go on a few times
    const blob = { mediaType: OCI_LAYER_GZIP, digest: BLOB.digest, size };
    const { registry } = clientForTest();
    const most = await mostBuffered(async () => {
      const asked = registry.openBlob(repositoryAt(server, 'app'), blob, quiet()).then(readAll);
      expect((await registryErrorOf(asked)).code).toBe('unreachable');
    });
    expect(most).toBeLessThan(LIMIT);
  });

  it('and the digest of nothing is no blob', async () => {
    const server = await serverOf({ status: 200 });
    const blob = { mediaType: OCI_LAYER_GZIP, digest: digestOf(Buffer.alloc(0)), size: TERABYTE };
    const { registry } = clientForTest();
    const asked = registry.openBlob(repositoryAt(server, 'app'), blob, quiet()).then(readAll);
    expect((await registryErrorOf(asked)).code).toBe('mismatch');
  });
});

describe('a promotion of declared sizes (GHSA-f36w-mj3v-6jqv)', () => {
  it('fails for what lies, and for nothing else', async () => {
    const from = await embedded();
    const to = await embedded();
    const config = layer('config');
    const images = [...SIZES, ...NO_SIZES].flatMap((size, number) => {
      const own = { mediaType: OCI_CONFIG, digest: config.digest, size: config.bytes.length };
      const lying = { mediaType: OCI_LAYER_GZIP, digest: BLOB.digest, size };
      return [
        { name: `layer${number}`, type: OCI_MANIFEST, body: { config: own, layers: [lying] } },
        { name: `config${number}`, type: OCI_MANIFEST, body: { config: lying, layers: [own] } },
        ...(SIZES.includes(Number(size))
          ? []
          : [{ name: `child${number}`, type: OCI_INDEX, body: { manifests: [lying] } }]),
      ];
    });
    const wanted = images.map(({ name, type, body }) => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, ...body }));
      from.store.putBlob(`from/${name}`, config.bytes, config.digest);
      from.store.putBlob(`from/${name}`, BLOB.bytes, BLOB.digest);
      from.store.putManifest(`from/${name}`, digestOf(bytes), type, bytes);
      return [name, { [digestOf(bytes)]: ['v1'] }] as const;
    });
    const good = push(from, 'from/good', image({ seed: 'good' }));
    const flag = await manifestFlag({
      from: `${from.host}/from`,
      to: [`${to.host}/to`],
      images: { ...Object.fromEntries(wanted), good: { [good]: ['v1'] } },
    });
    const { report } = await runWithReport([flag, '-confirm']);
    expect(report.summary).toMatchObject({ failed: images.length, copied: 1 });
    expect(to.openUploads).toBe(0);
    for (const { destination, reason } of report.items) {
      if (destination?.includes('/good') === false)
        expect(reason).toMatch(/no valid size|bytes of a blob of|instead of/);
    }
  });
});
