import type { Envelope, EnvelopeHost, EnvelopeItem } from '../envelope.ts';

/**
 * The closed union of results of an audit.
 *
 * - `present`            a wanted edge that is at its destination
 * - `allowed`            no manifest allows it, but the allow-list does
 * - `unknown-tag`        no manifest allows the tag
 * - `unknown-digest`     no manifest allows the digest, which has no tag and is no part of an allowed image
 * - `unknown-repository` no manifest names the repository
 * - `different`          the tag has another digest than the manifests want
 * - `missing`            the wanted tag or digest does not exist
 * - `conflict`           manifests want several digests for the tag
 * - `unreadable`         the registry did not answer, refused to, or gave an answer that cannot be right
 * - `not-checked`        the run was stopped first
 */
export const AUDIT_DECISIONS = [
  'present',
  'allowed',
  'unknown-tag',
  'unknown-digest',
  'unknown-repository',
  'different',
  'missing',
  'conflict',
  'unreadable',
  'not-checked',
] as const;
export type AuditDecision = (typeof AUDIT_DECISIONS)[number];

/** The report of `cip audit`. */
export interface Audit extends Envelope {
  readonly version: 1;
  readonly mode: 'audit';
  /** `edges` counts what the manifests want. What no manifest allows is no edge, and is counted by its decision alone. */
  readonly summary: Readonly<Record<'edges' | AuditDecision | 'invalid', number>>;
  /** Sorted by destination. That of a repository as a whole is its name. */
  readonly items: readonly AuditItem[];
  /** The entries of the allow-list, in its order. */
  readonly allowances: readonly AllowanceUse[];
  /** Differences to the snapshots of `-since`, sorted by destination. Unset: there was no snapshot. */
  readonly sinceSnapshot?: readonly AuditChange[];
  /** By host, sorted. */
  readonly hosts: Readonly<Record<string, AuditedHost>>;
}

export interface AuditItem extends EnvelopeItem {
  readonly decision: AuditDecision | 'invalid';
  /** The digest that the tag has instead of the wanted one. */
  readonly found: string | null;
  /** ISO 8601, UTC: the upload of what was found; null if the registry does not tell. */
  readonly uploaded: string | null;
}

/** An entry of the allow-list, and how often it was needed. */
export interface AllowanceUse {
  /** `file:line:column`. */
  readonly at: string;
  /** The entry in words. */
  readonly entry: string;
  /** `YYYY-MM-DD`; null without an expiry. */
  readonly expires: string | null;
  readonly isExpired: boolean;
  /** Tags and digests that it allowed; 0 for an expired entry. */
  readonly uses: number;
}

/** A tag or digest that is not as in a snapshot. */
export interface AuditChange {
  readonly change: 'added' | 'moved' | 'deleted';
  /** `repository:tag`, or `repository@digest` without a tag. */
  readonly destination: string;
  /** The present digest, or the last known one of what was deleted. */
  readonly digest: string;
  /** The digest that a moved tag had in the snapshot. */
  readonly before: string | null;
  /** ISO 8601, UTC; null if the registry does not tell. */
  readonly uploaded: string | null;
}

export interface AuditedHost extends EnvelopeHost {
  readonly edges: Readonly<Record<AuditDecision, number>>;
}
