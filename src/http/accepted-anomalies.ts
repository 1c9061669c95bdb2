import type { Outcome } from './attempt.ts';
import type { HttpRequest } from './request.ts';

/** Implausible responses in a row that are retried. */
const MOST = 3;

/**
 * Implausible responses that a repository insists on. They are accepted at once from then on: otherwise each edge of such a
 * registry would be retried.
 */
export class AcceptedAnomalies {
  readonly #accepted = new Set<string>();

  /** Returns true for a response that came `times` times in a row and is to be accepted. */
  accept({ method, repository }: HttpRequest, { status }: Outcome, times: number): boolean {
    // HEAD and GET ask the same
    const what = `${method === 'HEAD' ? 'GET' : method} ${repository} ${status}`;
    if (times > MOST) this.#accepted.add(what);
    return this.#accepted.has(what);
  }
}
