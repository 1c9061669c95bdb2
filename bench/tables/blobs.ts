import { createCipheriv } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Corpus } from '../../test/builders/corpus.ts';
import { pushCorpus } from '../../test/builders/push-corpus.ts';
import { startRealRegistry } from '../../test/doubles/real-registries.ts';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { choosePeers, compare, describeCorpus } from '../comparison.ts';
import type { Options } from '../options.ts';
import type { Job, Peer } from '../peers.ts';
import { renderMarkdown, spread } from '../table.ts';
import { titleOf } from '../title.ts';
import { inMemory } from './first.ts';

const LAYERS = 4;
const MIB = 2 ** 20;

/** One image of four large layers from one registry to another, beside what curl and sha256sum alone take. */
export async function benchBlobs(options: Options): Promise<void> {
  const peers = [...(await choosePeers(options, ['cip', 'skopeo', 'crane', 'regctl', 'regsync'])), CURL];
  const all = largeImage(options.quick ? 16 * MIB : 512 * MIB);
  const megabytes = [...all.blobs.values()].reduce((sum, { length }) => sum + length, 0) / 1e6;
  console.log(`- ${CURL.name}: \`${CURL.call}\`\n\n${describeCorpus(all, options)}`);
  for (const kind of options.registries) {
    const source = await startRealRegistry(kind, inMemory(kind));
    try {
      await pushCorpus(source.host, 'staging', all);
      const title = `${titleOf(source)}, from one registry to another, ${LAYERS} layers of ${Math.round(megabytes / LAYERS)} MB`;
      const rows = await compare(title, {
        peers,
        trials: options.trials,
        stage: async () => {
          const other = await startRealRegistry(kind, inMemory(kind));
          return {
            corpus: all,
            source: `${source.host}/staging`,
            destinations: [`${other.host}/prod`],
            registries: [source, other],
            runs: 1,
            end: () => other.stop(),
          };
        },
      });
      const speeds = rows.map(({ name, trials }) => {
        const values = trials.flat().map(({ seconds }) => megabytes / seconds);
        return [name, spread(values, (value) => value.toFixed(0))];
      });
      console.log(`\n${renderMarkdown(['', 'MB/s'], speeds)}`);
    } finally {
      await source.stop();
    }
  }
}

function largeImage(size: number): Corpus {
  const layers = Array.from({ length: LAYERS }, (_, index) => noise(index + 1, size));
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers' } }),
  );
  const describe = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const descriptors = layers.map((bytes) => describe(OCI_LAYER_GZIP, bytes));
  const body = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: describe(OCI_CONFIG, config),
    layers: descriptors,
  };
  const bytes = Buffer.from(JSON.stringify(body));
  const index = { digest: digestOf(bytes), mediaType: OCI_MANIFEST, bytes };
  return {
    images: [{ repository: 'big', tag: 'v1', index, manifests: [], blobs: [body.config, ...descriptors] }],
    blobs: new Map([config, ...layers].map((blob) => [digestOf(blob), blob])),
  };
}

/** The same bytes each time, and none that can be compressed. */
function noise(seed: number, size: number): Buffer {
  const bytes = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(
    Buffer.alloc(size),
  );
  return gzipSync(bytes, { level: 0 }); // skopeo rewrites what only says that it is gzip
}

/** What the machine can do: the same bytes read, hashed and written by programs that do nothing else. */
const CURL: Peer = {
  name: 'curl',
  call: 'curl GET | tee >(sha256sum) | curl PUT, all blobs at a time',
  look: () => Promise.resolve({ version: '' }),
  prepare: async (job) => {
    const script = join(job.directory, 'copy.sh');
    await writeFile(script, curlScript(job));
    return { program: 'bash', args: [script], env: {} };
  },
};

function curlScript({ corpus, source, destinations: [destination = ''] }: Job): string {
  const url = (place: string, path: string) => `http://${place.replace('/', '/v2/')}/big/${path}`;
  const [image] = corpus.images;
  if (image === undefined) throw new Error('no image');
  const blobs = image.blobs.map(({ digest }) => {
    const location = `$(curl -sS -i -X POST '${url(destination, 'blobs/uploads/')}' | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')`;
    const host = `http://${destination.split('/')[0]}`;
    return `(
  location=${location}
  case $location in /*) location=${host}$location ;; esac
  case $location in *\\?*) mark='&' ;; *) mark='?' ;; esac
  curl -sS '${url(source, `blobs/${digest}`)}' | tee >(sha256sum > /dev/null) |
    curl -sS --fail -X PUT -T - -H 'Content-Type: application/octet-stream' "$location\${mark}digest=${digest}"
) &`;
  });
  const type = `Content-Type: ${image.index.mediaType}`;
  const put = `curl -sS --fail -X PUT -H '${type}' --data-binary @- '${url(destination, 'manifests/v1')}'`;
  const get = `curl -sS -H 'Accept: ${image.index.mediaType}' '${url(source, 'manifests/v1')}'`;
  return `set -eo pipefail\n${blobs.join('\n')}\nwait\n${get} | ${put}\n`;
}
