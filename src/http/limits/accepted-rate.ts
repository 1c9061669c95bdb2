/** Milliseconds and answers of a window, at least. */
const LEAST_TIME = 1000;
const LEAST_ANSWERS = 10;

interface Window {
  readonly begun: number;
  accepted: number;
}

/** Accepted requests per second, over the present window and the one before. Times are monotonic milliseconds. */
export class AcceptedRate {
  #previous: Window | undefined;
  #present: Window | undefined;

  add(now: number): void {
    this.#present ??= { begun: now, accepted: 0 };
    this.#present.accepted += 1;
    const { begun, accepted } = this.#present;
    if (now - begun < LEAST_TIME || accepted < LEAST_ANSWERS) return;
    this.#previous = this.#present;
    this.#present = { begun: now, accepted: 0 };
  }

  at(now: number): number {
    if (this.#present === undefined) return 0;
    const accepted = this.#present.accepted + (this.#previous?.accepted ?? 0);
    const elapsed = now - (this.#previous ?? this.#present).begun;
    return (accepted * 1000) / Math.max(elapsed, LEAST_TIME);
  }

  restart(now: number): void {
    this.#previous = undefined;
    this.#present = { begun: now, accepted: 0 };
  }
}
