import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { forEachConcurrently } from '../src/base/concurrency.ts';
import { ACCEPT_MANIFESTS } from '../src/image/media-types.ts';
import type { Corpus } from '../test/builders/corpus.ts';
import type { RealRegistry } from '../test/doubles/real-registries.ts';
import { type Measured, measure } from './measure.ts';
import type { Peer } from './peers.ts';

export interface Run extends Measured {
  /** At all registries together; undefined where they do not log. */
  readonly requests: number | undefined;
  /** Bytes of the bodies that the registries sent; undefined where they do not log it. */
  readonly bytesRead: number | undefined;
  /** Tags that are not at a destination with their digests. */
  readonly wrongTags: number;
}

/** Runs of one command, one after the other: the first promotion, then the same when there is nothing to do. */
export type Trial = readonly Run[];

export interface Setting {
  readonly corpus: Corpus;
  /** `host/prefix`. */
  readonly source: string;
  /** `host/prefix` of each. */
  readonly destinations: readonly string[];
  /** Whose logs are counted. */
  readonly registries: readonly RealRegistry[];
  /** How often the command is run. */
  readonly runs: number;
}

/** A program with a home directory of its own, so that no cache helps. */
export async function runTrial(peer: Peer, setting: Setting): Promise<Trial> {
  const { corpus, source, destinations, registries } = setting;
  const directory = await mkdtemp(join(tmpdir(), `cip-bench-${peer.name}-`));
  try {
    const command = await peer.prepare({ corpus, directory, destinations, source });
    const runs: Run[] = [];
    while (runs.length < setting.runs) {
      const before = await Promise.all(registries.map((registry) => registry.requests()));
      const measured = await measure(command, directory);
      const traffic = await trafficSince(registries, before);
      runs.push({ ...measured, ...traffic, wrongTags: await countWrongTags(corpus, destinations) });
    }
    return runs;
  } finally {
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

async function countWrongTags(corpus: Corpus, destinations: readonly string[]): Promise<number> {
  const agent = new Agent({ connections: 8 });
  const all = destinations.flatMap((destination) => corpus.images.map((image) => ({ destination, image })));
  let wrong = 0;
  const workers = { workers: 8, signal: new AbortController().signal };
  await forEachConcurrently(all, workers, async ({ destination, image: { repository, tag, index } }) => {
    const [, host, prefix] = /^([^/]+)\/(.*)$/.exec(destination) ?? [];
    const path = `/v2/${prefix}/${repository}/manifests/${tag}`;
    const headers = { accept: ACCEPT_MANIFESTS };
    const answer = await agent.request({
      origin: `http://${host}`,
      path,
      method: 'HEAD',
      reset: false,
      headers,
    });
    await answer.body.dump();
    if (answer.headers['docker-content-digest'] !== index.digest) wrong++;
  });
  await agent.close();
  return wrong;
}
