import type { RejectionCause } from '../verdict/verdict.ts';

/** A rejection, for people. */
export interface Rejection {
  readonly repository: string;
  readonly cause: RejectionCause;
  /** One line. */
  readonly message: string;
}

/** The text of one notification. */
export type SendAlert = (text: string) => void;

export interface AlertLimits {
  /** Milliseconds without another alert of the same repository and cause. */
  readonly quiet: number;
  /** Alerts in `window` milliseconds, whatever they are about. */
  readonly burst: number;
  readonly window: number;
  /** Maximum pairs of repository and cause; all further ones share one quiet period. */
  readonly subjects: number;
}

export const ALERT_LIMITS: AlertLimits = { quiet: 3_600_000, burst: 20, window: 600_000, subjects: 1_000 };

interface Subject {
  readonly quietUntil: number;
  readonly first: Rejection;
  /** Rejections since the last alert. */
  count: number;
}

const OTHERS = 'others';
/** Milliseconds between two searches for ended quiet periods. */
const FLUSH_INTERVAL = 1_000;

/**
 * Decides which rejections become alerts: the first of each repository and cause, then the number of the others after a
 * quiet period. Memory is bounded.
 */
export class Alerter {
  readonly #send: SendAlert;
  readonly #limits: AlertLimits;
  readonly #counts: { sent: number; counted: number };
  readonly #subjects = new Map<string, Subject>();
  #sentInWindow = 0;
  #windowEnd = 0;
  #nextFlush = 0;

  constructor(
    send: SendAlert,
    counts: { sent: number; counted: number },
    limits: AlertLimits = ALERT_LIMITS,
  ) {
    this.#send = send;
    this.#counts = counts;
    this.#limits = limits;
  }

  /** Takes a rejection at a time in monotonic milliseconds. */
  offer(rejection: Rejection, now: number): void {
    this.flush(now);
    const key = this.#keyOf(rejection);
    const subject = this.#subjects.get(key);
    if (subject === undefined && this.#alert(rejection.message, now)) {
      this.#subjects.set(key, { quietUntil: now + this.#limits.quiet, first: rejection, count: 0 });
      return;
    }
    this.#counts.counted += 1;
    if (subject !== undefined) subject.count += 1;
    else this.#subjects.set(key, { quietUntil: this.#windowEnd, first: rejection, count: 1 });
  }

  /** Sends the counts whose quiet period has ended. */
  flush(now: number): void {
    if (now < this.#nextFlush) return;
    this.#nextFlush = now + FLUSH_INTERVAL;
    for (const [key, { quietUntil, first, count }] of this.#subjects) {
      if (quietUntil > now) continue;
      if (count > 0 && !this.#alert(countText(key, first, count), now)) return;
      this.#subjects.delete(key);
      if (count > 0) this.#subjects.set(key, { quietUntil: now + this.#limits.quiet, first, count: 0 });
    }
  }

  #keyOf({ repository, cause }: Rejection): string {
    const key = `${cause} ${repository}`;
    return this.#subjects.has(key) || this.#subjects.size < this.#limits.subjects ? key : OTHERS;
  }

  /** True if an alert may be sent now. */
  #alert(text: string, now: number): boolean {
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + this.#limits.window;
      this.#sentInWindow = 0;
    }
    if (this.#sentInWindow >= this.#limits.burst) return false;
    this.#sentInWindow += 1;
    this.#counts.sent += 1;
    this.#send(text);
    return true;
  }
}

function countText(key: string, { repository, cause, message }: Rejection, count: number): string {
  const what = key === OTHERS ? 'other repositories' : `${repository || 'no repository'} (${cause})`;
  return `${count} more rejected in ${what} since the last alert, after: ${message}`;
}
