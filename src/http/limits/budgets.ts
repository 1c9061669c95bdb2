import { isGoogleHost } from '../../image/google-hosts.ts';

/** What a host may be asked for, in requests per second. */
export interface Budget {
  readonly requests: number;
  /** Of these, those that write. */
  readonly writes: number;
}

/** What hosts and identities may be asked for; what is not set here is by default as documented. */
export interface Budgets {
  readonly hosts: ReadonlyMap<string, Budget>;
  /** Requests per second of one identity, at all of Google's hosts together. */
  readonly user: number | undefined;
}

export const DEFAULT_BUDGETS: Budgets = { hosts: new Map(), user: undefined };

/** The part of a quota that is used: windows of a minute begin when the server likes, and clocks differ. */
const SHARE = 0.97;
const perMinute = (requests: number) => (requests / 60) * SHARE;

/**
 * Quotas of Artifact Registry for each project and region, which is a host.
 *
 * @see https://cloud.google.com/artifact-registry/quotas
 */
const GOOGLE: Budget = { requests: perMinute(60_000), writes: perMinute(18_000) };
/** What kubernetes' projects grant one user; Google itself sets no such limit. */
const GOOGLE_USER = perMinute(5_000);
const BOUNDLESS: Budget = { requests: Number.POSITIVE_INFINITY, writes: Number.POSITIVE_INFINITY };

/** Where nothing is known of a host there is no limit until it has refused something. */
export function budgetOf(host: string, { hosts }: Budgets): Budget {
  return hosts.get(host) ?? (isGoogleHost(host) ? GOOGLE : BOUNDLESS);
}

/** Requests per second of one identity at this host and its like; undefined where identities have no limit. */
export function userBudgetOf(host: string, { user }: Budgets): number | undefined {
  return isGoogleHost(host) ? (user ?? GOOGLE_USER) : undefined;
}
