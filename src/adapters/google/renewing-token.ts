import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { GoogleError } from './google-error.ts';
import { SharedWork } from '../../base/shared-work.ts';

export interface Minted {
  readonly token: string;
  /** Milliseconds of life from now on; not positive if the clock of this machine is ahead. */
  readonly lifetime: number;
}

/** Makes a new token, or throws a `GoogleError`. */
export type Mint = (signal: AbortSignal) => Promise<Minted>;

/** Milliseconds before its end at which a token is renewed. */
const MARGIN = 5 * 60_000;
/** Milliseconds between two renewals: the metadata server returns the old token until shortly before its end. */
const PAUSE = 30_000;
/** Milliseconds that a refusal is kept: thousands of repositories may need the same account. */
const REFUSAL_STAYS = 60_000;

/** Times are those of the monotonic clock. */
interface Kept {
  readonly token: string;
  readonly madeAt: number;
  readonly expiresAt: number;
  readonly renewAt: number;
}

/** A token that is made on first use and renewed before it expires, once for all concurrent requests. */
export class RenewingToken {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #owner: string;
  readonly #work: SharedWork<string>;
  #kept: Kept | undefined;
  #refusal: { readonly error: GoogleError; readonly until: number } | undefined;

  /** `owner` is for the log. */
  constructor(mint: Mint, { owner, clock, log }: { owner: string; clock: Clock; log: Log }) {
    this.#owner = owner;
    this.#clock = clock;
    this.#log = log;
    this.#work = new SharedWork((signal) => this.#renew(mint, signal));
  }

  async current(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const now = this.#clock.monotonic();
    if (this.#kept !== undefined && now < this.#kept.renewAt) return this.#kept.token;
    if (this.#refusal !== undefined && now < this.#refusal.until) throw this.#refusal.error;
    return this.#work.join(signal);
  }

  /**
   * Drops a token that a registry refused, unless it has been renewed, or is so new that another one would be refused
   * as well.
   */
  drop(token: string): void {
    const kept = this.#kept;
    if (kept?.token === token && this.#clock.monotonic() - kept.madeAt >= PAUSE) this.#kept = undefined;
  }

  async #renew(mint: Mint, signal: AbortSignal): Promise<string> {
    try {
      const minted = await mint(signal);
      const now = this.#clock.monotonic();
      this.#keep({ token: minted.token, madeAt: now, expiresAt: now + minted.lifetime }, now);
      this.#log.write('debug', 'google token made', {
        for: this.#owner,
        livesSeconds: Math.round(minted.lifetime / 1000),
      });
      return minted.token;
    } catch (error) {
      return this.#keepOldOrThrow(error, signal);
    }
  }

  #keep(minted: Omit<Kept, 'renewAt'>, now: number): void {
    const life = minted.expiresAt - now;
    const atLeast = now + (life > 0 ? Math.min(PAUSE, life / 2) : PAUSE); // expired, by a clock that is ahead
    this.#kept = { ...minted, renewAt: Math.max(minted.expiresAt - MARGIN, atLeast) };
  }

  /** After a failed renewal the old token is used while it lives. */
  #keepOldOrThrow(error: unknown, signal: AbortSignal): string {
    const now = this.#clock.monotonic();
    const kept = this.#kept;
    if (error instanceof GoogleError && kept !== undefined && now < kept.expiresAt) {
      this.#keep(kept, now);
      this.#log.write('warning', 'google token not renewed, the old one still lives', {
        for: this.#owner,
        error: error.message,
        livesSeconds: Math.round((kept.expiresAt - now) / 1000),
      });
      return kept.token;
    }
    if (error instanceof GoogleError && error.code !== 'unavailable' && !signal.aborted)
      this.#refusal = { error, until: now + REFUSAL_STAYS };
    throw error;
  }
}
