/** Permits for so many tasks at a time; the number may change. Tasks that wait get theirs in order. */
export class Permits {
  #limit: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  get free(): number {
    return Math.max(0, this.#limit - this.#taken);
  }

  set limit(limit: number) {
    this.#limit = limit;
    this.#serve();
  }

  /** Takes a permit: at once if one is free, else when the promise resolves. */
  take(): Promise<void> | undefined {
    if (this.#taken >= this.#limit) return new Promise((resolve) => this.#waiting.add(resolve));
    this.#taken += 1;
    return undefined;
  }

  release(): void {
    this.#taken -= 1;
    this.#serve();
  }

  #serve(): void {
    if (this.#waiting.size === 0) return;
    for (const go of this.#waiting) {
      if (this.#taken >= this.#limit) return;
      this.#waiting.delete(go);
      this.#taken += 1;
      go();
    }
  }
}
