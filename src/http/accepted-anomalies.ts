import type { Outcome } from './attempt.ts';
import type { HttpRequest } from './request.ts';

/** How often an answer that cannot be true is not believed. */
const MOST = 3;

/**
 * What has been doubted in vain: a repository that goes on with an answer that cannot be true means it, and is believed
 * from then on. Else each edge of a registry with odd manners would wait for the same.
 */
export class Doubts {
  readonly #inVain = new Set<string>();

  /** Whether to give in to an answer that was met for the `times`th time in a row. */
  areInVain({ method, repository }: HttpRequest, { status }: Outcome, times: number): boolean {
    // HEAD and GET ask the same
    const what = `${method === 'HEAD' ? 'GET' : method} ${repository} ${status}`;
    if (times > MOST) this.#inVain.add(what);
    return this.#inVain.has(what);
  }
}
