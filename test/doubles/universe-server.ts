import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Wanted, WantList } from '../../src/edges/wanted.ts';
import { type Digest, parseDigest } from '../../src/image/digest.ts';
import { googleListingOf, LIST, type ServedIndex } from './universe-listing.ts';

/** Questions that came to one host. */
export interface Questions {
  /** GET tags/list. */
  listings: number;
  /** HEAD of a manifest. */
  heads: number;
  /** Anything else: a dry run has no use for it. */
  others: number;
}

export interface UniverseOptions {
  /** Digests that destinations lack. Default: none. */
  readonly lacking?: ReadonlySet<Digest>;
  /** The indexes whose content is served. Default: images of several platforms have children, and no content. */
  readonly indexes?: ReadonlyMap<Digest, ServedIndex> | undefined;
}

export interface UniverseServer {
  /** For `HTTP_PROXY`: whatever host is asked through it, this server answers. */
  readonly proxyUrl: string;
  /** `-plain-http` for every host that there is. */
  readonly flags: readonly string[];
  /** By host. */
  readonly questions: ReadonlyMap<string, Questions>;
  close(): Promise<void>;
}

/**
 * Every registry of a universe in one server, which is also the HTTP proxy that leads there: the program under test asks
 * real names and needs no switch of its own. Sources have all that is wanted, destinations all but what `lacking`
 * names; both list as Google's registries do, and nothing is kept of an answer.
 */
export async function startUniverse(
  wanted: Wanted,
  { lacking = new Set(), indexes }: UniverseOptions = {},
): Promise<UniverseServer> {
  const universe = new Universe(wanted, { lacking, indexes });
  const server = createServer((request, response) => universe.answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    proxyUrl: `http://127.0.0.1:${address.port}`,
    flags: universe.hosts().map((host) => `-plain-http=${host}`),
    questions: universe.questions,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

class Universe {
  readonly questions = new Map<string, Questions>();
  readonly #destinations: ReadonlyMap<string, WantList>;
  /** `repository@digest`. */
  readonly #sources = new Set<string>();
  readonly #lacking: ReadonlySet<Digest>;
  readonly #indexes: UniverseOptions['indexes'];

  constructor(wanted: Wanted, { lacking = new Set(), indexes }: UniverseOptions) {
    this.#destinations = new Map(wanted.repositories.map(({ repository, list }) => [repository, list]));
    this.#lacking = lacking;
    this.#indexes = indexes;
    for (const list of new Set(this.#destinations.values())) {
      for (const { digest, sources } of list.wants) {
        for (const source of sources) this.#sources.add(`${source}@${digest}`);
      }
    }
  }

  hosts(): string[] {
    const names = [...this.#destinations.keys(), ...this.#sources];
    return Array.from(new Set(names.map((name) => name.slice(0, name.indexOf('/')))));
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '' } = request;
    const { host, pathname } = new URL(url); // to a proxy a client names all of it
    const questions = this.#questionsOf(host);
    const [, name = '', kind, reference = ''] =
      /^\/v2\/(.+)\/(tags|manifests)\/([^/]+)$/.exec(pathname) ?? [];
    const repository = `${host}/${name}`;
    if (method === 'GET' && kind === 'tags') {
      questions.listings += 1;
      const list = this.#destinations.get(repository);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        googleListingOf(
          name,
          list?.wants.filter(({ digest }) => !this.#lacking.has(digest)) ?? [],
          this.#indexes,
        ),
      );
    } else if (method === 'HEAD' && kind === 'manifests') {
      questions.heads += 1;
      answerHead(response, this.#resolve(repository, reference));
    } else {
      questions.others += 1;
      answerGet(response, kind === 'manifests' ? parseDigest(reference) : undefined, this.#indexes);
    }
  }

  #resolve(repository: string, reference: string): string | undefined {
    if (this.#sources.has(`${repository}@${reference}`)) return reference;
    const wants = this.#destinations.get(repository)?.wants ?? [];
    const names = ({ digest, tags }: (typeof wants)[number]) =>
      digest === reference || tags.some(({ tag }) => tag === reference);
    return wants.find((want) => !this.#lacking.has(want.digest) && names(want))?.digest;
  }

  #questionsOf(host: string): Questions {
    const known = this.questions.get(host) ?? { listings: 0, heads: 0, others: 0 };
    this.questions.set(host, known);
    return known;
  }
}

function answerGet(
  response: ServerResponse,
  digest: Digest | undefined,
  indexes: UniverseOptions['indexes'],
): void {
  const index = digest === undefined ? undefined : indexes?.get(digest);
  if (index === undefined) return void response.writeHead(404).end();
  response.writeHead(200, { 'docker-content-digest': digest, 'content-type': LIST }).end(index.body);
}

function answerHead(response: ServerResponse, digest: string | undefined): void {
  if (digest === undefined) return void response.writeHead(404).end();
  const type = 'application/vnd.oci.image.index.v1+json';
  response
    .writeHead(200, { 'docker-content-digest': digest, 'content-type': type, 'content-length': 1200 })
    .end();
}
