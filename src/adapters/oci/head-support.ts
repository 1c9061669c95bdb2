import { hostOf, type Repository } from '../../image/repository.ts';
import type { HttpResponse } from './http.ts';
import { isTemporaryStatus } from './try-once.ts';

/** What is asked for by HEAD. */
export type Content = 'blobs' | 'manifests';

/** True for an answer to HEAD that leaves the question open. */
export function isHeadRefused({ status }: HttpResponse): boolean {
  return status !== 200 && status !== 404 && !isTemporaryStatus(status);
}

/**
 * Learns where HEAD is refused. A host that answers GET is asked by that alone; a repository that refuses both is asked
 * by HEAD alone, and its reason is that of the first GET.
 */
export class HeadSupport {
  /** Hosts that refuse HEAD, and answer GET. */
  readonly #withoutHead = new Set<string>();
  /** The reasons of repositories that refuse both: bodies of answers. */
  readonly #reasons = new Map<string, Uint8Array>();

  isAskedByGet(repository: Repository, content: Content): boolean {
    return this.#withoutHead.has(`${hostOf(repository)} ${content}`);
  }

  /** The reason of a repository that refuses GET as well. */
  reasonOf(repository: Repository, content: Content): Uint8Array | undefined {
    return this.#reasons.get(`${repository} ${content}`);
  }

  learnAnswer(repository: Repository, content: Content): void {
    this.#withoutHead.add(`${hostOf(repository)} ${content}`);
  }

  learnRefusal(repository: Repository, content: Content, reason: Uint8Array): void {
    this.#reasons.set(`${repository} ${content}`, reason);
  }
}
