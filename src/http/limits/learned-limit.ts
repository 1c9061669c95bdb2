import { LEARNED_LIMIT } from '../../base/limits-and-retries.ts';

export interface LearnedLimitOptions {
  readonly ceiling: number;
  /** Milliseconds of a trial before its answers are judged. */
  readonly leastTime: number;
  /** Milliseconds for which failures are tolerated that may be random: a trial costs throughput. */
  readonly tolerance: number;
}

interface Failing {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Measured capacity: accepted requests per second, or open connections. */
  readonly sustained: number;
}

/**
 * The unknown limit of a host, learned from its answers: requests per second, or connections.
 *
 * Failures (refusals, lost connections) do not say whether a limit caused them, so an experiment decides. Too many of them
 * lower the limit slightly below the sustained capacity, and a trial begins. Too many is more than a quarter of the
 * answers, or more than expected for the time of the tolerance, or any failure after a trial without one.
 *
 * If the failures stop, a limit was the cause: the limit grows along the cubic curve of RFC 9438, slowly near the sustained
 * capacity and faster beyond, until the next failure. If they continue, they are random: the limit grows exponentially, and
 * the same share of failures is expected for the next 20 s.
 */
export class LearnedLimit {
  readonly #options: LearnedLimitOptions;
  #limit: { readonly sustained: number; readonly since: number } | { unknown: number } = {
    unknown: Number.POSITIVE_INFINITY,
  };
  #trial: { readonly answers: number; readonly randomTrials: number } | undefined;
  /** Answers since the trial began, and failures among them; without a trial, since failures exceed the expected ones. */
  #answers = 0;
  #failures = 0;
  /** Failures beyond the expected ones, a cumulative sum that never falls below zero, and when it last was zero. */
  #excess = 0;
  #excessSince = 0;
  /** The same for the largest share that may be random. */
  #surge = 0;
  /** Share of random failures. */
  #random = 0;
  #isTrialClean = false;
  /** Answers to requests sent earlier do not count. */
  #begunAt: number | undefined;
  #hasSucceeded = false;

  constructor(options: LearnedLimitOptions) {
    this.#options = options;
  }

  at(now: number): number {
    const limit = 'unknown' in this.#limit ? this.#limit.unknown : this.#curve(this.#limit, now);
    return Math.min(this.#options.ceiling, limit);
  }

  /** The capacity at the last failure of the limit; undefined while the limit is unknown. */
  get sustained(): number | undefined {
    return 'unknown' in this.#limit ? undefined : this.#limit.sustained;
  }

  /** True without a ceiling, until the first evidence of a limit. */
  get isUnlimited(): boolean {
    return 'unknown' in this.#limit && Math.min(this.#options.ceiling, this.#limit.unknown) === Infinity;
  }

  succeed(sentAt: number): void {
    if (!this.#count(sentAt, 0)) return;
    this.#hasSucceeded = true;
    if ('unknown' in this.#limit) this.#limit.unknown += LEARNED_LIMIT.growth;
  }

  /** Returns true if the failure lowers the limit. Failures without a success between them mean an outage. */
  fail(sentAt: number, failing: Failing): boolean {
    if (!this.#hasSucceeded || !this.#count(sentAt, 1)) return false;
    if (this.#trial !== undefined) return this.#judgeTrial(this.#trial, failing);
    return this.#isEvidence(sentAt) && this.#lower(failing, 0);
  }

  /** Lowers the limit to a capacity that was measured over a pause, if that is less. */
  lowerTo(sustained: number, now: number): void {
    if (sustained < this.at(now)) this.#lower({ sustained, now }, 0);
  }

  /** Forgets the capacity: the limit grows exponentially until the next evidence. */
  growFrom(limit: number, now: number): void {
    this.#limit = { unknown: limit };
    this.#isTrialClean = false;
    this.#begin(now, undefined);
  }

  #curve({ sustained, since }: { readonly sustained: number; readonly since: number }, now: number): number {
    return sustained * Math.exp(LEARNED_LIMIT.depth * ((now - since) / LEARNED_LIMIT.recovery - 1) ** 3);
  }

  /** Returns false for an answer that does not count. */
  #count(sentAt: number, failures: 0 | 1): boolean {
    this.#begunAt ??= sentAt;
    if (sentAt < this.#begunAt) return false;
    if (this.#trial !== undefined) this.#endTrial(this.#trial, sentAt);
    else if (sentAt - this.#begunAt > LEARNED_LIMIT.memory) this.#random = 0;
    this.#answers += 1;
    this.#failures += failures;
    const expected =
      this.#trial === undefined ? 2 * Math.max(this.#random, LEARNED_LIMIT.minExpectedShare) : 0;
    if (this.#excess === 0) this.#excessSince = sentAt;
    this.#excess = Math.max(0, this.#excess + failures - expected);
    this.#surge = Math.max(0, this.#surge + failures - LEARNED_LIMIT.maxExpectedShare);
    if (this.#excess === 0 && this.#trial === undefined) this.#forgetAnswers();
    return true;
  }

  /** A trial that ends without evidence confirms the limit. */
  #endTrial(trial: { readonly answers: number }, now: number): void {
    const age = now - (this.#begunAt ?? now);
    const isOver =
      age > LEARNED_LIMIT.recovery || (age > this.#options.leastTime && this.#answers >= trial.answers);
    if (!isOver || this.#failures > LEARNED_LIMIT.evidence) return;
    this.#isTrialClean = this.#failures === 0 && this.#answers >= LEARNED_LIMIT.trialAnswers;
    this.#random = 0;
    this.#begin(now, undefined);
  }

  #isEvidence(sentAt: number): boolean {
    if (this.#isTrialClean) return this.#excess >= LEARNED_LIMIT.evidenceAfterCleanTrial;
    const isLasting = this.sustained !== undefined || sentAt - this.#excessSince >= this.#options.tolerance;
    return this.#surge >= LEARNED_LIMIT.evidence || (isLasting && this.#excess >= LEARNED_LIMIT.evidence);
  }

  #judgeTrial({ randomTrials }: { readonly randomTrials: number }, failing: Failing): boolean {
    const isEarly = failing.now - (this.#begunAt ?? failing.now) < this.#options.leastTime;
    if (
      isEarly ||
      this.#excess < (this.#isTrialClean ? LEARNED_LIMIT.evidenceAfterCleanTrial : LEARNED_LIMIT.evidence)
    )
      return false;
    const share = this.#failures / this.#answers;
    if (this.#isTrialClean || share > LEARNED_LIMIT.maxRandomShare) {
      this.#isTrialClean = false;
      return this.#lower(failing, 0);
    }
    if (this.#answers < LEARNED_LIMIT.trialAnswers) return false;
    if (randomTrials + 1 < LEARNED_LIMIT.randomTrials) return this.#lower(failing, randomTrials + 1);
    this.growFrom(this.at(failing.now), failing.now);
    this.#random = Math.min(share, LEARNED_LIMIT.maxExpectedShare);
    return false;
  }

  /** Lowers the limit and begins a trial, long enough for as many failures as before if these are random. */
  #lower({ sustained, now }: Failing, randomTrials: number): true {
    const isShort = this.#isTrialClean || this.#failures === 0;
    const { trialAnswers } = LEARNED_LIMIT;
    const answers = isShort ? trialAnswers : (trialAnswers * this.#answers) / this.#failures;
    this.#limit = { sustained, since: now };
    this.#hasSucceeded = false;
    this.#begin(now, { answers, randomTrials });
    return true;
  }

  #begin(now: number, trial: { readonly answers: number; readonly randomTrials: number } | undefined): void {
    this.#trial = trial;
    this.#begunAt = now;
    this.#forgetAnswers();
    this.#excess = 0;
    this.#surge = 0;
  }

  #forgetAnswers(): void {
    this.#answers = 0;
    this.#failures = 0;
  }
}
