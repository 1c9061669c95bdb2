import { Agent } from 'undici';
import { forEachConcurrently } from '../../src/base/concurrency.ts';
import type { Digest } from '../../src/image/digest.ts';
import type { RawManifest } from '../../src/image/oci-manifest.ts';
import type { Corpus } from './corpus.ts';

const WORKERS = 16;

interface Placement {
  readonly repository: string;
  readonly digest: Digest;
}

/**
 * Pushes a corpus to `host` over plain HTTP, its repositories below `prefix`: every blob is uploaded once and mounted
 * where else it is needed, then come the children by digest, last the tags. Throws at the first refusal.
 */
export async function pushCorpus(host: string, prefix: string, corpus: Corpus): Promise<void> {
  const agent = new Agent({ connections: WORKERS });
  const pusher = new Pusher(agent, `http://${host}`, prefix);
  try {
    const { first, again } = placements(corpus);
    await atOnce(first, (placement) => pusher.upload(placement, blobOf(corpus, placement.digest)));
    await atOnce(again, ({ from, ...to }) => pusher.mount(to, { from, bytes: blobOf(corpus, to.digest) }));
    await atOnce(corpus.images, async ({ repository, manifests }) => {
      for (const manifest of manifests) await pusher.putManifest(repository, manifest.digest, manifest);
    });
    await atOnce(corpus.images, ({ repository, tag, index }) => pusher.putManifest(repository, tag, index));
  } finally {
    await agent.close();
  }
}

/** The distinct pairs of a repository and a blob: where each blob comes first, and where it is wanted again. */
export function placements(corpus: Corpus): {
  readonly first: readonly Placement[];
  readonly again: readonly (Placement & { readonly from: string })[];
} {
  const home = new Map<Digest, string>();
  const seen = new Set<string>();
  const again: (Placement & { from: string })[] = [];
  for (const { repository, blobs } of corpus.images) {
    for (const { digest } of blobs) {
      if (seen.has(`${repository}@${digest}`)) continue;
      seen.add(`${repository}@${digest}`);
      const from = home.get(digest);
      if (from === undefined) home.set(digest, repository);
      else again.push({ repository, digest, from });
    }
  }
  return { first: [...home].map(([digest, repository]) => ({ repository, digest })), again };
}

class Pusher {
  readonly #agent: Agent;
  readonly #origin: string;
  readonly #prefix: string;

  constructor(agent: Agent, origin: string, prefix: string) {
    this.#agent = agent;
    this.#origin = origin;
    this.#prefix = prefix;
  }

  async upload({ repository, digest }: Placement, bytes: Uint8Array): Promise<void> {
    const opened = await this.#send('POST', `${this.#path(repository)}/blobs/uploads/`, { expect: [202] });
    await this.#finish(opened.location, digest, bytes);
  }

  /** Registries that do not mount open an upload instead. */
  async mount({ repository, digest }: Placement, source: { from: string; bytes: Uint8Array }): Promise<void> {
    const query = new URLSearchParams({ mount: digest, from: this.#path(source.from).slice('/v2/'.length) });
    const path = `${this.#path(repository)}/blobs/uploads/?${query.toString()}`;
    const answer = await this.#send('POST', path, { expect: [201, 202] });
    if (answer.status === 202) await this.#finish(answer.location, digest, source.bytes);
  }

  async putManifest(repository: string, reference: string, manifest: RawManifest): Promise<void> {
    await this.#send('PUT', `${this.#path(repository)}/manifests/${reference}`, {
      expect: [201],
      body: manifest.bytes,
      contentType: manifest.mediaType,
    });
  }

  async #finish(location: string, digest: Digest, bytes: Uint8Array): Promise<void> {
    const url = new URL(location, this.#origin);
    url.searchParams.set('digest', digest);
    await this.#send('PUT', url.pathname + url.search, {
      expect: [201],
      body: bytes,
      contentType: 'application/octet-stream',
    });
  }

  async #send(
    method: 'POST' | 'PUT',
    path: string,
    { expect, body, contentType }: { expect: readonly number[]; body?: Uint8Array; contentType?: string },
  ): Promise<{ status: number; location: string }> {
    const answer = await this.#agent.request({
      origin: this.#origin,
      path,
      method,
      body: body ?? null,
      headers: contentType === undefined ? {} : { 'content-type': contentType },
    });
    const text = await answer.body.text();
    if (!expect.includes(answer.statusCode)) {
      throw new Error(
        `${method} ${path}: expected ${expect.join(' or ')}, got ${answer.statusCode}: ${text}`,
      );
    }
    return { status: answer.statusCode, location: String(answer.headers.location ?? '') };
  }

  #path(repository: string): string {
    return `/v2/${this.#prefix}/${repository}`;
  }
}

function blobOf(corpus: Corpus, digest: Digest): Uint8Array {
  const bytes = corpus.blobs.get(digest);
  if (bytes === undefined) throw new Error(`the corpus has no blob ${digest}`);
  return bytes;
}

function atOnce<T>(items: Iterable<T>, task: (item: T) => Promise<void>): Promise<void> {
  return forEachConcurrently(items, { workers: WORKERS, signal: new AbortController().signal }, task);
}
