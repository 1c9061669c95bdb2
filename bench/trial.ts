import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { forEachConcurrently } from '../src/base/concurrency.ts';
import { ACCEPT_MANIFESTS } from '../src/image/media-types.ts';
import type { Corpus } from '../test/builders/corpus.ts';
import { type RealRegistry, startRealRegistry } from '../test/doubles/real-registries.ts';
import { type Measured, measure } from './measure.ts';
import type { Peer } from './peers.ts';

/** `same`: within one registry, into repositories that are not there yet; `other`: into an empty registry. */
export type Where = 'same' | 'other';

export interface Run extends Measured {
  /** At both registries together; undefined where they do not log. */
  readonly requests: number | undefined;
  /** Bytes of the bodies that the registries sent; undefined where they do not log it. */
  readonly bytesRead: number | undefined;
  /** Tags that are not at the destination with their digests. */
  readonly wrongTags: number;
}

/** The first promotion, and then the same once more, when there is nothing to do. */
export interface Trial {
  readonly first: Run;
  readonly again: Run;
}

export interface Setting {
  readonly corpus: Corpus;
  /** Holds the corpus below `staging`. */
  readonly source: RealRegistry;
  readonly where: Where;
  /** Different in every trial. */
  readonly number: number;
}

export const SOURCE_PREFIX = 'staging';

export async function runTrial(peer: Peer, setting: Setting): Promise<Trial> {
  const { source, where, number, corpus } = setting;
  const directory = await mkdtemp(join(tmpdir(), `cip-bench-${peer.name}-`));
  // blobs in memory where the registry is chosen for its speed
  const other =
    where === 'other' ? await startRealRegistry(source.kind, { memory: source.kind === 'crane' }) : undefined;
  try {
    const destination = `${(other ?? source).host}/prod-${peer.name}-${number}`;
    const job = { corpus, directory, destination, source: `${source.host}/${SOURCE_PREFIX}` };
    const command = await peer.prepare(job);
    const registries = other === undefined ? [source] : [source, other];
    const run = async (): Promise<Run> => {
      const before = await Promise.all(registries.map((registry) => registry.requests()));
      const measured = await measure(command, directory);
      const traffic = await trafficSince(registries, before);
      return { ...measured, ...traffic, wrongTags: await countWrongTags(corpus, destination) };
    };
    return { first: await run(), again: await run() };
  } finally {
    await other?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function trafficSince(registries: readonly RealRegistry[], before: readonly (number | undefined)[]) {
  let requests: number | undefined = 0;
  let bytesRead: number | undefined = 0;
  for (const [index, registry] of registries.entries()) {
    const log = (await registry.requestLog())?.slice(before[index] ?? 0);
    requests = add(requests, log?.length);
    bytesRead = add(
      bytesRead,
      log?.reduce<number | undefined>((sum, { bytesOut }) => add(sum, bytesOut), 0),
    );
  }
  return { requests, bytesRead };
}

/** What is not known makes the sum unknown. */
function add(sum: number | undefined, more: number | undefined): number | undefined {
  return sum === undefined || more === undefined ? undefined : sum + more;
}

async function countWrongTags(corpus: Corpus, destination: string): Promise<number> {
  const agent = new Agent({ connections: 8 });
  const slash = destination.indexOf('/');
  const origin = `http://${destination.slice(0, slash)}`;
  const prefix = destination.slice(slash + 1);
  let wrong = 0;
  const workers = { workers: 8, signal: new AbortController().signal };
  await forEachConcurrently(corpus.images, workers, async ({ repository, tag, index }) => {
    const path = `/v2/${prefix}/${repository}/manifests/${tag}`;
    const headers = { accept: ACCEPT_MANIFESTS };
    const answer = await agent.request({ origin, path, method: 'HEAD', reset: false, headers });
    await answer.body.dump();
    if (answer.headers['docker-content-digest'] !== index.digest) wrong++;
  });
  await agent.close();
  return wrong;
}
