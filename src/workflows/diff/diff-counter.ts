import type { Difference } from './compare.ts';

/** How many differences of each kind there are. */
export type DiffCounts = Readonly<Record<Difference['kind'], number>>;

/** Counts differences as they pass through. */
export class DiffCounter {
  readonly #counts: Record<Difference['kind'], number> = { 'only-in-a': 0, 'only-in-b': 0, tag: 0 };

  get counts(): DiffCounts {
    return this.#counts;
  }

  get isEqual(): boolean {
    return Object.values(this.#counts).every((count) => count === 0);
  }

  async *count(differences: AsyncIterable<Difference>): AsyncGenerator<Difference, void, undefined> {
    for await (const difference of differences) {
      this.#counts[difference.kind] += 1;
      yield difference;
    }
  }
}
