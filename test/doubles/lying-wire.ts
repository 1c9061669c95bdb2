import { createRegistryOver, type OciRegistry } from '../../src/adapters/oci/oci-registry.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { HttpRequest, HttpResponse, Send } from '../../src/http/request.ts';
import { createWire } from '../../src/http/wire.ts';
import { digestOf } from '../../src/image/digest.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { keychainOf } from '../adapters/oci/client.ts';
import { FakeClock } from './fake-clock.ts';

/** How the list of a repository lies: by what it leaves out, or by being none. */
export const LIES = [
  'truth',
  'gone',
  'unknown',
  'refused',
  'web page',
  'empty',
  'short',
  'page without the next one',
  'page whose next one is gone',
  'page whose next one is empty',
  'google',
  'google, short',
  'google, empty',
  'google, without digests',
] as const;
export type Lie = (typeof LIES)[number];

/** What happens to the first PUT of a tag. */
export const TROUBLES = ['none', 'reset', 'lost', '429', '503', '500', '401', 'web page'] as const;
export type Trouble = (typeof TROUBLES)[number];

/** What is told, and what happens, of one repository. */
export interface LyingRepository {
  readonly name: string;
  readonly lie: Lie;
  /** Tags that no list shows. */
  readonly omitted: readonly string[];
  /** Tags that no HEAD shows while `isStale`. */
  readonly stale: readonly string[];
  readonly troubles: Readonly<Record<string, Trouble>>;
  /** Called when the first PUT of a tag has met trouble, and has not been done. */
  readonly meanwhile: (tag: string) => void;
}

/** The wire to a registry, of which nothing is true but what it says of a tag by HEAD once `isStale` is over. */
export class LyingWire {
  readonly client: OciRegistry;
  /** Tags, as `repository:tag`, of which a PUT would have replaced another digest. */
  readonly moved: string[] = [];
  isStale = true;
  readonly #registry: EmbeddedRegistry;
  readonly #repositories: ReadonlyMap<string, LyingRepository>;
  readonly #troubled = new Set<string>();

  constructor(registry: EmbeddedRegistry, repositories: readonly LyingRepository[]) {
    this.#registry = registry;
    this.#repositories = new Map(repositories.map((repository) => [repository.name, repository]));
    const wire = createWire({ originOf: (host) => `http://${host}` });
    this.client = createRegistryOver(
      { send: (request) => this.#send(request, wire.send), close: wire.close },
      { keychain: keychainOf({}), clock: new FakeClock(), plainHttp: [], threads: 50, userAgent: 'cip/test' },
    );
  }

  async #send(request: HttpRequest, send: Send): Promise<HttpResponse> {
    const [, name = '', kind, reference = ''] =
      /^\/v2\/(.+)\/(manifests|tags)\/([^/]+)$/.exec(request.url.pathname) ?? [];
    const repository = this.#repositories.get(name);
    if (repository === undefined || reference.startsWith('sha256:')) return send(request);
    if (kind === 'tags') return this.#list(request, repository) ?? send(request);
    if (request.method === 'PUT') return this.#put(request, { repository, tag: reference, send });
    const isHidden = this.isStale && repository.stale.includes(reference);
    return isHidden ? reply(request, 404) : send(request);
  }

  async #put(
    request: HttpRequest,
    { repository, tag, send }: { repository: LyingRepository; tag: string; send: Send },
  ): Promise<HttpResponse> {
    const key = `${repository.name}:${tag}`;
    const there = this.#registry.store.resolveTag(repository.name, tag);
    const sent = request.body instanceof Uint8Array ? digestOf(request.body) : undefined;
    if (there !== undefined && there !== sent) this.moved.push(key);
    const trouble = this.#troubled.has(key) ? 'none' : (repository.troubles[tag] ?? 'none');
    this.#troubled.add(key);
    if (trouble === 'none') return send(request);
    if (trouble === 'lost') await send(request);
    else repository.meanwhile(tag);
    return troubled(request, trouble);
  }

  #list(request: HttpRequest, { name, lie, omitted }: LyingRepository): HttpResponse | undefined {
    const { store } = this.#registry;
    const shown = store.tags(name).filter((tag) => !omitted.includes(tag));
    const manifest: Record<string, { tag: string[] }> = {};
    for (const tag of shown) (manifest[store.resolveTag(name, tag) ?? ''] ??= { tag: [] }).tag.push(tag);
    return LISTS[lie](request, { shown, manifest });
  }
}

interface Shown {
  readonly shown: readonly string[];
  readonly manifest: unknown;
}

const LISTS: Readonly<Record<Lie, (request: HttpRequest, shown: Shown) => HttpResponse | undefined>> = {
  truth: () => undefined,
  gone: (request) => reply(request, 404),
  unknown: (request) => reply(request, 404, { errors: [{ code: 'NAME_UNKNOWN', message: 'unknown' }] }),
  refused: (request) => reply(request, 405),
  'web page': (request) => reply(request, 200, '<p>Log in</p>'),
  empty: (request) => reply(request, 200, { tags: [] }),
  short: (request, { shown }) => reply(request, 200, { tags: shown }),
  'page without the next one': (request, { shown }) => reply(request, 200, { tags: shown.slice(0, 1) }),
  'page whose next one is gone': (request, { shown }) =>
    isSecond(request) ? reply(request, 404) : firstPage(request, shown),
  'page whose next one is empty': (request, { shown }) =>
    isSecond(request) ? reply(request, 200, { tags: [] }) : firstPage(request, shown),
  google: (request, { shown, manifest }) => reply(request, 200, { child: [], manifest, tags: shown }),
  'google, short': (request, { manifest }) => reply(request, 200, { child: [], manifest }),
  'google, empty': (request) => reply(request, 200, { child: [], manifest: {}, tags: [] }),
  'google, without digests': (request, { shown }) => reply(request, 200, { child: [], tags: shown }),
};

function isSecond({ url }: HttpRequest): boolean {
  return url.search !== '';
}

function firstPage(request: HttpRequest, tags: readonly string[]): HttpResponse {
  return reply(request, 200, { tags }, { link: `<${request.url.pathname}?last=x>; rel="next"` });
}

function troubled(request: HttpRequest, trouble: Exclude<Trouble, 'none'>): HttpResponse {
  if (trouble === 'reset' || trouble === 'lost') {
    throw new RegistryError('unreachable', 'PUT: ECONNRESET', { temporary: true });
  }
  if (trouble === 'web page') return reply(request, 200, '<p>Log in</p>');
  return reply(request, Number(trouble), '', { 'retry-after': '1' });
}

function reply(
  { url }: HttpRequest,
  status: number,
  body: unknown = '',
  headers: Record<string, string> = {},
): HttpResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers, url, body: Buffer.from(text) };
}
