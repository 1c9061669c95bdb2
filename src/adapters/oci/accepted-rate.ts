/** Milliseconds, and answers, that a rate is measured over at least. */
const LEAST_TIME = 1000;
const LEAST_ANSWERS = 10;

interface Window {
  readonly begun: number;
  accepted: number;
}

/** Requests per second that a host has accepted of late: in the present window and the one before. */
export class AcceptedRate {
  #before: Window | undefined;
  #present: Window | undefined;

  add(now: number): void {
    this.#present ??= { begun: now, accepted: 0 };
    this.#present.accepted += 1;
    const { begun, accepted } = this.#present;
    if (now - begun < LEAST_TIME || accepted < LEAST_ANSWERS) return;
    this.#before = this.#present;
    this.#present = { begun: now, accepted: 0 };
  }

  at(now: number): number {
    if (this.#present === undefined) return 0;
    const accepted = this.#present.accepted + (this.#before?.accepted ?? 0);
    const elapsed = now - (this.#before ?? this.#present).begun;
    return (accepted * 1000) / Math.max(elapsed, LEAST_TIME);
  }

  /** Forgets what was before. */
  restart(now: number): void {
    this.#before = undefined;
    this.#present = { begun: now, accepted: 0 };
  }
}
