import { isTemporaryStatus } from '../../../http/retry-classifier.ts';
import type { HttpResponse } from '../../../http/request.ts';
import { hostOf, type Repository } from '../../../image/repository.ts';
import { wordsOf } from './response-error.ts';

/** The kinds of content that HEAD requests are about. */
export type Content = 'blobs' | 'manifests';

/** The status of a proxy, which refuses every method. */
const PROXY_AUTHENTICATION = 407;

/** True for a response to HEAD that a GET may not get. */
export function isHeadRefused({ status }: HttpResponse): boolean {
  return status !== 200 && status !== 404 && status !== PROXY_AUTHENTICATION && !isTemporaryStatus(status);
}

/** The reason of a refused HEAD, which has no body: the body of a GET, or a hint. */
export type Reason = Partial<Pick<HttpResponse, 'body' | 'hint'>>;

/** Repositories of a host that get a GET for the reason of one status: more would give the same reason. */
const MOST = 8;

/**
 * Learns the hosts that refuse HEAD. A host that answers GET gets no HEAD any more. A repository that refuses both gets
 * no GET any more: the reason of the first one is quoted.
 */
export class HeadSupport {
  /** Hosts that refuse HEAD, and answer GET. */
  readonly #withoutHead = new Set<string>();
  /** Response bodies of repositories that refuse both. */
  readonly #reasons = new Map<string, Uint8Array>();
  /** By host and status: the number of repositories that refuse both, and the last reason. */
  readonly #hosts = new Map<string, { refusals: number; words: string }>();
  /** The first GET of each repository. */
  readonly #first = new Map<string, Promise<unknown>>();

  needsGet(repository: Repository, content: Content): boolean {
    return this.#withoutHead.has(`${hostOf(repository)} ${content}`);
  }

  /** The reason of a refused HEAD, if it is known, or not worth a GET any more. */
  reasonOf(repository: Repository, content: Content, { status, hint }: HttpResponse): Reason | undefined {
    const body = this.#reasons.get(`${repository} ${content}`);
    if (body !== undefined) return { body };
    const host = this.#hosts.get(`${hostOf(repository)} ${content} ${status}`);
    if (host === undefined || host.refusals < MOST) return undefined;
    if (host.words === '') return {};
    return { hint: `${hint === undefined ? '' : `${hint}; `}of another repository it said: ${host.words}` };
  }

  /** Sends a GET to a repository. Concurrent ones wait for the first, and so know its response. */
  async afterFirst<T>(repository: Repository, content: Content, get: () => Promise<T>): Promise<T> {
    const key = `${repository} ${content}`;
    const first = this.#first.get(key);
    if (first !== undefined) {
      await first.catch(() => {}); // the caller of the first reports it
      return get();
    }
    const sent = get();
    this.#first.set(key, sent);
    return sent;
  }

  learnAnswer(repository: Repository, content: Content): void {
    this.#withoutHead.add(`${hostOf(repository)} ${content}`);
  }

  /** `status` is that of the HEAD, `body` that of the GET. */
  learnRefusal(
    repository: Repository,
    content: Content,
    { status, body }: Pick<HttpResponse, 'status' | 'body'>,
  ): void {
    this.#reasons.set(`${repository} ${content}`, body);
    const key = `${hostOf(repository)} ${content} ${status}`;
    const { refusals = 0, words = '' } = this.#hosts.get(key) ?? {};
    this.#hosts.set(key, { refusals: refusals + 1, words: wordsOf({ body }) || words });
  }
}
