import { hostOf, type Repository } from '../image/repository.ts';

/** What tags/list of a host tells: unknown until one answer has been seen. */
export type ListingHabit = 'digests' | 'tags' | 'refused' | 'unknown';

/** A repository with so many questions is worth a listing on a host whose habit is unknown. */
const WORTH_A_PROBE = 8;
/** After so many questions a host whose habit is unknown gets one listing: it may have made them needless. */
const PATIENCE = 100;

/** Hosts known to answer tags/list with digests: asked that way from the first question on. */
const GOOGLE = /^(?:[a-z0-9-]+\.)?gcr\.io$|(?:^|\.)pkg\.dev$/;

/** Learns, host by host, whether a listing tells digests; what it learns comes from answers, never from names. */
export class ListingHabits {
  readonly #habits = new Map<string, ListingHabit>();
  readonly #questions = new Map<string, number>();

  /** True when a repository with this many wanted tags and digests should be listed before anything else. */
  listFirst(repository: Repository, questions: number): boolean {
    const host = hostOf(repository);
    const habit = this.habitOf(host);
    if (habit !== 'unknown') return habit === 'digests';
    if (GOOGLE.test(host) || questions >= WORTH_A_PROBE) return true;
    const asked = (this.#questions.get(host) ?? 0) + questions;
    this.#questions.set(host, asked);
    return asked > PATIENCE;
  }

  /** True when a listing may be used at all. */
  mayList(repository: Repository): boolean {
    return this.habitOf(hostOf(repository)) !== 'refused';
  }

  learn(repository: Repository, habit: ListingHabit): void {
    this.#habits.set(hostOf(repository), habit);
  }

  habitOf(host: string): ListingHabit {
    return this.#habits.get(host) ?? 'unknown';
  }
}
