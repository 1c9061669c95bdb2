/** Failures that are evidence, beyond those that chance explains. A single one is where there has been none for long. */
const ENOUGH = 4.5;
const SINGLE = 0.5;
/** Answers of a trial: so many that, if nothing changes, as many failures are among them. */
const TRIAL = 20;
/** Milliseconds until a lowered limit has grown to what was borne; it takes as long again to grow by a fifth. */
const PLATEAU = 10_000;
/** How much below what was borne a limit is at first: a factor of e to the power of minus that. */
const DEPTH = 0.2;
/** What an unknown limit grows by with each success: so a rate doubles each second. */
const GROWTH = 0.7;
/** Parts of the answers that may fail by chance without being noticed, and that are taken to do so at most. */
const LEAST_CHANCE = 0.005;
const MOST_CHANCE = 0.25;
/** Milliseconds for which a part of failures is taken to be by chance. */
const MEMORY = 20_000;
/** Of the answers, failures that are no chance. */
const MOST = 0.5;
/** Trials in vain that show that failures are by chance: what was borne may have been measured wrongly once. */
const VAIN_TRIALS = 2;

export interface LearnedLimitOptions {
  readonly ceiling: number;
  /** Milliseconds that answers are observed for before they are judged. */
  readonly leastTime: number;
}

export interface Failing {
  readonly now: number;
  /** What the host bears at present, as far as that can be measured. */
  readonly borne: number;
}

/**
 * A limit that is learned from answers: how much of something a host bears, requests per second or at a time.
 *
 * More failures than chance explains lower it to a little less than what was borne, and a trial begins. Where failures
 * end with that, the limit was their cause: it grows again along the curve of CUBIC (RFC 9438), slowly near what was
 * borne and quickly beyond, and the first failure then ends its growth. Where they go on, they are by chance: the limit
 * doubles each second, and for a while only twice as many failures are evidence.
 */
export class LearnedLimit {
  readonly #options: LearnedLimitOptions;
  #limit: { readonly borne: number; readonly since: number } | { unknown: number } = {
    unknown: Number.POSITIVE_INFINITY,
  };
  #trial: { readonly answers: number; readonly vain: number } | undefined;
  /** Since the trial began; without one, since there were more failures than chance explains. */
  #answers = { all: 0, failures: 0 };
  /** Failures beyond those that chance explains. */
  #excess = 0;
  /** Of the answers, those that are known to fail by chance. */
  #chance = 0;
  /** True after a trial without a failure: then a single one is evidence. */
  #isCertain = false;
  /** Answers to what was sent before say nothing. */
  #judgedAt: number | undefined;
  #hasSucceeded = true;

  constructor(options: LearnedLimitOptions) {
    this.#options = options;
  }

  at(now: number): number {
    return Math.min(this.#options.ceiling, 'unknown' in this.#limit ? this.#limit.unknown : this.#curve(now));
  }

  /** What the host has been seen to bear; undefined where its limit is not known. */
  get borne(): number | undefined {
    return 'unknown' in this.#limit ? undefined : this.#limit.borne;
  }

  succeed(sentAt: number): void {
    if (!this.#count(sentAt, 0)) return;
    this.#hasSucceeded = true;
    if ('unknown' in this.#limit) this.#limit.unknown += GROWTH;
  }

  /** True where that lowers the limit. Failures without a success between them say that the host is down. */
  fail(sentAt: number, failing: Failing): boolean {
    if (!this.#hasSucceeded || !this.#count(sentAt, 1)) return false;
    if (this.#excess < (this.#isCertain ? SINGLE : ENOUGH)) return false;
    const isEarly = failing.now - (this.#judgedAt ?? failing.now) < this.#options.leastTime;
    if (this.#trial === undefined) return !(isEarly && !this.#isCertain) && this.#lower(failing, 0);
    return !isEarly && this.#judge(this.#trial, failing);
  }

  /** Lowers the limit to what a pause has shown that the host bears, if that is less. */
  lowerTo(borne: number, now: number): void {
    if (borne < this.at(now)) this.#lower({ borne, now }, 0);
  }

  /** Forgets what was learned: the limit grows from there until something fails. */
  growFrom(limit: number, now: number): void {
    this.#limit = { unknown: limit };
    this.#begin(now, undefined);
    this.#isCertain = false;
  }

  #curve(now: number): number {
    if ('unknown' in this.#limit) return this.#limit.unknown;
    const { borne, since } = this.#limit;
    return borne * Math.exp(DEPTH * ((now - since) / PLATEAU - 1) ** 3);
  }

  /** False for an answer that says nothing. */
  #count(sentAt: number, failures: 0 | 1): boolean {
    this.#judgedAt ??= sentAt;
    if (sentAt < this.#judgedAt) return false;
    this.#endTrial(sentAt);
    if (this.#trial === undefined && sentAt - this.#judgedAt > MEMORY) this.#chance = 0;
    this.#answers.all += 1;
    this.#answers.failures += failures;
    const expected = this.#trial === undefined ? 2 * Math.max(this.#chance, LEAST_CHANCE) : 0;
    this.#excess = Math.max(0, this.#excess + failures - expected);
    if (this.#excess === 0 && this.#trial === undefined) this.#answers = { all: 0, failures: 0 };
    return true;
  }

  /** A trial that ends without evidence has shown that the limit was the cause. */
  #endTrial(now: number): void {
    if (this.#trial === undefined) return;
    const { all, failures } = this.#answers;
    const age = now - (this.#judgedAt ?? now);
    const isOver = age > PLATEAU || (age > this.#options.leastTime && all >= this.#trial.answers);
    if (!isOver || failures > ENOUGH) return;
    this.#isCertain = failures === 0 && all >= TRIAL;
    this.#chance = 0;
    this.#begin(now, undefined);
  }

  #judge({ vain }: { readonly vain: number }, failing: Failing): boolean {
    const { all, failures } = this.#answers;
    const part = failures / all;
    if (this.#isCertain || part > MOST) {
      this.#isCertain = false;
      return this.#lower(failing, 0);
    }
    if (all < TRIAL) return false;
    if (vain + 1 < VAIN_TRIALS) return this.#lower(failing, vain + 1);
    this.growFrom(this.at(failing.now), failing.now);
    this.#chance = Math.min(part, MOST_CHANCE);
    return false;
  }

  #lower({ borne, now }: Failing, vain: number): true {
    const { all, failures } = this.#answers;
    const answers = this.#isCertain || failures === 0 ? TRIAL : (TRIAL * all) / failures;
    this.#limit = { borne, since: now };
    this.#begin(now, { answers, vain });
    this.#hasSucceeded = false;
    return true;
  }

  #begin(now: number, trial: { readonly answers: number; readonly vain: number } | undefined): void {
    this.#trial = trial;
    this.#judgedAt = now;
    this.#answers = { all: 0, failures: 0 };
    this.#excess = 0;
  }
}
