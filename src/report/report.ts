import type { VulnerabilityResults } from '../checks/vulnerabilities/scanned-image.ts';
import type { Digest } from '../image/digest.ts';
import type { ChangeScope } from '../plan/recorded-plan.ts';
import type { EdgeDecision } from '../plan/plan.ts';
import type { Audit, AuditItem } from './audit/audit.ts';
import type { SigcheckItem, SignatureCheck } from './sigcheck/sigcheck.ts';
import type { MissingPart, SigningOutcome } from '../sign/signing.ts';
import type { AttachmentCounts, Envelope, EnvelopeHost, EnvelopeItem, RepositoryCounts } from './envelope.ts';

/** A report of any kind: the value that every output is a view of. `mode` tells the kinds apart. */
export type Report = RunReport | Verification | Audit | SignatureCheck;
export type ReportItem = PromotionItem | VerificationItem | AuditItem | SigcheckItem;

export type PromotionMode = 'parse-only' | 'dry-run' | 'promotion';

export type Result = 'copied' | 'failed' | 'not-attempted';

/** A promotion, its dry run, or a check of the manifests alone. Version 1. */
export interface PromotionReport<Items extends Iterable<PromotionItem> = readonly PromotionItem[]>
  extends Envelope {
  readonly version: 1;
  readonly mode: PromotionMode;
  /** Of `cip apply`: the digest of the plan file. Its items and counts are of the edges of that plan alone. */
  readonly plan?: Digest;
  /** Of a run that was limited to what changed in the manifests. */
  readonly changes?: ReportChanges;
  /** Of a run that checked vulnerabilities. */
  readonly vulnerabilities?: VulnerabilityResults;
  readonly summary: Summary;
  /** Absent where nothing is attached to the images, and where that was not looked at. */
  readonly attachments?: AttachmentCounts;
  readonly items: Items;
  /** Of a run that signs. */
  readonly signing?: SigningReport;
  readonly hosts: Readonly<Record<string, PromotionHost>>;
}

/** The signatures and attestations of a run. An image at one destination counts once. */
export interface SigningReport {
  /** Images by outcome; `attested` are those whose promotion this run has attested, `made` the signatures that it made. */
  readonly summary: Readonly<Record<SigningOutcome | 'attested' | 'made', number>>;
  /** The images that were not signed before, sorted by destination. */
  readonly items: readonly SigningItem[];
}

export interface SigningItem {
  /** `repository@digest`. */
  readonly destination: string;
  readonly digest: string;
  readonly outcome: Exclude<SigningOutcome, 'present'>;
  /** What was missing. */
  readonly missing: readonly MissingPart[];
  readonly reason: string;
}

/** The earlier state that the manifests were compared with. */
export interface ReportChanges extends ChangeScope {
  /** The flag or variable that names it. */
  readonly from: string;
}

/**
 * The report of a run that has just ended. Its items are made anew for each iteration: where a registry was down there
 * is one for each of its edges.
 */
export type RunReport = PromotionReport<Iterable<PromotionItem>>;

/**
 * Edges by decision as planned, and by result for those that the plan wanted written. A dry run writes nothing: its
 * results are 0.
 */
export type Summary = Readonly<Record<'edges' | EdgeDecision | 'invalid' | Result, number>>;

export interface PromotionItem extends EnvelopeItem {
  readonly decision: EdgeDecision | 'invalid';
  /** `repository@digest`; null for a malformed entry. */
  readonly source: string | null;
  readonly outcome: Result | 'present';
}

export interface PromotionHost extends EnvelopeHost {
  readonly edges: Readonly<Record<EdgeDecision, number>>;
  readonly repositories: RepositoryCounts;
}

/**
 * The closed union of decisions that a verification makes on an edge.
 *
 * - `present`     the tag has this digest, or, without a tag, the digest exists; with all of its content if that was checked
 * - `missing`     the tag or the digest does not exist
 * - `different`   the tag has another digest
 * - `incomplete`  the manifest exists, but not all of its content
 * - `repaired`    it was incomplete or damaged until this run sent it again; all of it was read back
 * - `conflict`    other entries want other digests for the same tag, so none of them was promoted
 * - `unreadable`  the registry did not answer, refused to, or gave an answer that cannot be right
 * - `not-checked` the run was stopped first
 */
export const VERIFY_DECISIONS = [
  'present',
  'missing',
  'different',
  'incomplete',
  'repaired',
  'conflict',
  'unreadable',
  'not-checked',
] as const;
export type VerifyDecision = (typeof VERIFY_DECISIONS)[number];

/** The report of `cip verify`. Version 2; items of version 1 had `verdict` in place of `decision`. */
export interface Verification extends Envelope {
  readonly version: 2;
  readonly mode: 'verify';
  readonly deep: boolean;
  /** The mirror that was read in place of the destinations; null without one. */
  readonly via: string | null;
  readonly summary: Readonly<Record<'edges' | VerifyDecision | 'invalid', number>>;
  readonly items: readonly VerificationItem[];
  /** Present with `-repair`. */
  readonly repair?: RepairReport;
  /** By host, sorted: destinations, and every host that was read. */
  readonly hosts: Readonly<Record<string, VerifiedHost>>;
}

export interface RepairReport {
  /** False in a dry run. */
  readonly confirmed: boolean;
  /** The content that was sent, or would be; each blob and manifest once for each repository, sorted by repository. */
  readonly pieces: readonly RepairItem[];
}

export interface RepairItem {
  readonly repository: string;
  readonly piece: 'blob' | 'manifest';
  readonly digest: string;
  /** Bytes of a blob, if its manifest has them. */
  readonly size: number | null;
  /** Before the repair; a `sound` manifest is put again because of its content. */
  readonly condition: 'sound' | 'missing' | 'damaged';
  /** The repository that has it; null if none does. */
  readonly from: string | null;
  readonly outcome: 'sent' | 'failed' | 'not-attempted';
  readonly reason: string;
}

export interface VerificationItem extends EnvelopeItem {
  readonly decision: VerifyDecision | 'invalid';
  /** The name at the mirror; null if the destination itself was read. */
  readonly asked: string | null;
  /** The digest that the tag has instead. */
  readonly found: string | null;
}

export interface VerifiedHost extends EnvelopeHost {
  readonly edges: Readonly<Record<VerifyDecision, number>>;
}
