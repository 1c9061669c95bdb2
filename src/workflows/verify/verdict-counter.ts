import { noVerdicts, VERDICTS, type Verdict, type VerificationItem } from './verification.ts';

/** Counts edges by host and verdict, and keeps the items of those that are to be reported. */
export class VerdictCounter {
  readonly items: VerificationItem[] = [];
  readonly hosts = new Map<string, Record<Verdict, number>>();
  readonly #keepsPresent: boolean;

  constructor(keepsPresent: boolean) {
    this.#keepsPresent = keepsPresent;
  }

  /** Nearly every edge is present: its item is made only where it is to be kept. */
  add(host: string, verdict: Verdict, makeItem: () => VerificationItem): void {
    const counts = this.hosts.get(host) ?? noVerdicts();
    this.hosts.set(host, counts);
    counts[verdict] += 1;
    if (verdict !== 'present' || this.#keepsPresent) this.items.push(makeItem());
  }

  sum(): Record<Verdict, number> {
    const sum = noVerdicts();
    for (const counts of this.hosts.values()) {
      for (const verdict of VERDICTS) sum[verdict] += counts[verdict];
    }
    return sum;
  }
}
