/** Failures, beyond those that chance explains, that are evidence. */
const ENOUGH = 5;
/** Answers that a trial has at least. */
const LEAST_ANSWERS = 20;
/** Milliseconds that a trial takes at least, and over which it is measured what is borne. */
const LEAST_TIME = 1000;
const LEAST_MEASURE = 200;
/** Milliseconds until a lowered limit is back at what was borne; as long again to a little more. */
const PLATEAU = 10_000;
/** Milliseconds for which a part of failures is taken to be by chance. */
const MEMORY = 20_000;
/** What a limit is below what was borne at first, as the exponent of e. */
const DEPTH = 0.2;
/** Parts of the answers that fail by chance. */
const LEAST_CHANCE = 0.01;
const MOST_CHANCE = 0.25;
const GROWTH = 0.7;

interface Curve {
  readonly kind: 'cubic' | 'doubling';
  readonly borne: number;
  readonly since: number;
}

export class LearnedLimit {
  readonly #ceiling: number;
  readonly #leastTime: number;
  #curve: Curve = { kind: 'doubling', borne: Number.POSITIVE_INFINITY, since: 0 };
  /** Set while it is tried whether lowering helps: the answers it takes, and the limit that there was. */
  #trial: { readonly answers: number; readonly vain: number } | undefined;
  /** Since the trial has begun, or since failures were more than chance explains. */
  #answers = { all: 0, failures: 0 };
  #excess = 0;
  #chance = 0;
  /** True where a trial was without any failure. */
  #isClean = false;
  #judgedAt: number | undefined;
  #hasSucceeded = true;

  constructor(ceiling: number, leastTime: number) {
    this.#ceiling = ceiling;
    this.#leastTime = leastTime;
  }

  at(now: number): number {
    const { kind, borne, since } = this.#curve;
    const age = now - since;
    const growth = kind === 'doubling' ? 1 : Math.exp(DEPTH * (age / PLATEAU - 1) ** 3);
    return Math.min(this.#ceiling, borne * growth);
  }

  succeed(sentAt: number): void {
    if (!this.#observe(sentAt, 0)) return;
    this.#hasSucceeded = true;
    if (this.#curve.kind === 'doubling') this.#curve = { ...this.#curve, borne: this.#curve.borne + GROWTH };
  }

  /** True where that has lowered the limit. `borne`: what the host bears at present, as far as that can be measured. */
  fail(sentAt: number, { now, borne }: { readonly now: number; readonly borne: number }): boolean {
    if (!this.#hasSucceeded || !this.#observe(sentAt, 1)) return false;
    if (this.#excess < (this.#isClean ? 0.5 : ENOUGH - 0.5)) return false;
    if (!this.#isClean && now - (this.#judgedAt ?? now) < this.#leastTime) return false;
    const { all, failures } = this.#answers;
    const part = failures / all;
    const answers = Math.max(LEAST_ANSWERS, (4 * ENOUGH) / part);
    if (this.#trial === undefined) {
      this.#lower(borne, { now, answers: this.#isClean ? LEAST_ANSWERS : answers });
      return true;
    }
    if (now - (this.#judgedAt ?? now) < this.#leastTime) return false;
    if (all < LEAST_ANSWERS && !this.#isClean && part < 0.5) return false;
    const vain = this.#isClean || part > 0.5 ? 0 : this.#trial.vain + 1;
    if (vain < 2) {
      this.#isClean = false;
      this.#lower(borne, { now, answers, vain });
      return true;
    }
    if ((globalThis as any).TRACE)
      console.log((now - 5000).toFixed(0), 'CHANCE', part.toFixed(3), this.#answers, this.#trial);
    this.restart(this.at(now), now);
    this.#chance = Math.min(part, MOST_CHANCE);
    return false;
  }

  /** Nothing is known */
  restart(from: number, now: number): void {
    if ((globalThis as any).TRACE) console.log((now - 5000).toFixed(0), 'restart', from);
    this.#curve = { kind: 'doubling', borne: from, since: now };
    this.#settle(now, { chance: this.#chance, isClean: false });
  }

  lowerTo(borne: number, now: number): void {
    if (borne < this.at(now)) this.#lower(borne, { now, answers: LEAST_ANSWERS });
  }

  /** What has been learned; undefined where nothing has. */
  get learned(): number | undefined {
    return this.#curve.kind === 'cubic' ? this.#curve.borne : undefined;
  }

  /** False where it says nothing. */
  #observe(sentAt: number, failures: 0 | 1): boolean {
    this.#judgedAt ??= sentAt;
    if (sentAt < this.#judgedAt) return false;
    if (sentAt - this.#judgedAt > MEMORY && this.#trial === undefined) this.#chance = 0;
    this.#endTrial(sentAt);
    this.#answers.all += 1;
    this.#answers.failures += failures;
    if (this.#trial !== undefined) {
      this.#excess += failures;
      return true;
    }
    this.#excess = Math.max(0, this.#excess + failures - Math.max(2 * this.#chance, LEAST_CHANCE));
    if (this.#excess === 0) this.#answers = { all: 0, failures: 0 };
    return true;
  }

  /** Lowering has helped. */
  #endTrial(now: number): void {
    if (this.#trial === undefined) return;
    const { all, failures } = this.#answers;
    const age = now - (this.#judgedAt ?? now);
    const isOver = age > PLATEAU || (all >= this.#trial.answers && age > this.#leastTime);
    if (!isOver || failures >= ENOUGH) return;
    if ((globalThis as any).TRACE)
      console.log((now - 5000).toFixed(0), 'RATE', this.#answers, this.#trial.answers);
    this.#settle(now, { chance: 0, isClean: failures === 0 && all >= LEAST_ANSWERS });
  }

  #lower(
    borne: number,
    { now, answers, vain = 0 }: { readonly now: number; readonly answers: number; readonly vain?: number },
  ): void {
    if ((globalThis as any).TRACE)
      console.log(
        (now - 5000).toFixed(0),
        'lower to',
        borne.toFixed(1),
        'from',
        this.at(now),
        'after',
        JSON.stringify(this.#answers),
        'clean',
        this.#isClean,
        'chance',
        this.#chance,
        'trial',
        answers,
      );
    this.#curve = { kind: 'cubic', borne, since: now };
    this.#settle(now, { chance: this.#chance, isClean: this.#isClean });
    this.#trial = { answers, vain };
    this.#hasSucceeded = false;
  }

  #settle(now: number, { chance, isClean }: { readonly chance: number; readonly isClean: boolean }): void {
    this.#judgedAt = now;
    this.#trial = undefined;
    this.#answers = { all: 0, failures: 0 };
    this.#excess = 0;
    this.#chance = chance;
    this.#isClean = isClean;
  }
}
