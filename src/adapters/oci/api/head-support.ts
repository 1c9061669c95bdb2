import { isTemporaryStatus } from '../../../http/retry-classifier.ts';
import type { HttpResponse } from '../../../http/request.ts';
import { hostOf, type Repository } from '../../../image/repository.ts';
import { wordsOf } from './response-error.ts';

/** What is asked for by HEAD. */
export type Content = 'blobs' | 'manifests';

/** Of a proxy, which refuses whatever is asked. */
const PROXY_AUTHENTICATION = 407;

/** True for an answer to HEAD that leaves the question open, and that GET may not get. */
export function isHeadRefused({ status }: HttpResponse): boolean {
  return status !== 200 && status !== 404 && status !== PROXY_AUTHENTICATION && !isTemporaryStatus(status);
}

/** What a refusal that has no body is told with: that of another one, or a hint to it. */
export type Reason = Partial<Pick<HttpResponse, 'body' | 'hint'>>;

/** Repositories of a host that are asked for the reason of one status: more would tell the same. */
const MOST = 8;

/**
 * Learns where HEAD is refused. A host that answers GET is asked by that alone; a repository that refuses both is asked
 * by HEAD alone, and its reason is that of the first GET.
 */
export class HeadSupport {
  /** Hosts that refuse HEAD, and answer GET. */
  readonly #withoutHead = new Set<string>();
  /** The reasons of repositories that refuse both: bodies of answers. */
  readonly #reasons = new Map<string, Uint8Array>();
  /** By host and status: how many repositories have refused both, and in which words. */
  readonly #hosts = new Map<string, { refusals: number; words: string }>();
  /** The first question by GET to a repository. */
  readonly #first = new Map<string, Promise<unknown>>();

  isAskedByGet(repository: Repository, content: Content): boolean {
    return this.#withoutHead.has(`${hostOf(repository)} ${content}`);
  }

  /** The reason of a refused HEAD, where it is known, or not worth a GET any more. */
  reasonOf(repository: Repository, content: Content, { status, hint }: HttpResponse): Reason | undefined {
    const body = this.#reasons.get(`${repository} ${content}`);
    if (body !== undefined) return { body };
    const host = this.#hosts.get(`${hostOf(repository)} ${content} ${status}`);
    if (host === undefined || host.refusals < MOST) return undefined;
    if (host.words === '') return {};
    return { hint: `${hint === undefined ? '' : `${hint}; `}of another repository it said: ${host.words}` };
  }

  /** Asks a repository by GET: the first time alone, so that the others of the same time know what it was answered. */
  async afterFirst<T>(repository: Repository, content: Content, ask: () => Promise<T>): Promise<T> {
    const key = `${repository} ${content}`;
    const first = this.#first.get(key);
    if (first !== undefined) {
      await first.catch(() => {}); // whoever asked first tells it
      return ask();
    }
    const asking = ask();
    this.#first.set(key, asking);
    return asking;
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
