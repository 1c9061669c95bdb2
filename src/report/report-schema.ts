import * as z from 'zod';
import { HOST_FAULTS } from '../base/host-fault.ts';
import { isObject } from '../base/json.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import {
  SCAN_STATES,
  type ScannedImage,
  type VulnerabilityResults,
} from '../checks/vulnerabilities/scanned-image.ts';
import { parseDigest } from '../image/digest.ts';
import { EDGE_DECISIONS } from '../plan/plan.ts';
import { MISSING_PARTS, SIGNING_OUTCOMES } from '../sign/signing.ts';
import { SEVERITIES } from '../image/severity.ts';
import {
  type AllowanceUse,
  AUDIT_DECISIONS,
  type Audit as AuditType,
  type AuditChange,
  type AuditItem as AuditItemType,
} from './audit/audit.ts';
import {
  SIGCHECK_DECISIONS,
  type SigcheckItem as SigcheckItemType,
  type SignatureCheck as SignatureCheckType,
} from './sigcheck/sigcheck.ts';
import type {
  EnvelopeHost,
  HostCounts,
  HostOverTime,
  ManifestCounts,
  MergedShard,
  ReportCause,
  ReportFinding,
} from './envelope.ts';
import {
  type AttachmentCounts,
  type PromotionItem as PromotionItemType,
  type PromotionReport as PromotionReportType,
  type ReportChanges,
  type RepairItem,
  type SigningReport,
  type Verification as VerificationType,
  type VerificationItem as VerificationItemType,
  VERIFY_DECISIONS,
} from './report.ts';

// Unknown fields are kept: a later version may add some. `docs/report.schema.json` is generated from here.

const Count = z.int().min(0);
const Text = z.string();
const NullableText = Text.nullable();
const Duration = z.number().min(0).meta({ description: 'milliseconds' });
const Time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)))
  .meta({ format: 'date-time' });

/** A count for each of the names. */
function countsOf<Name extends string>(names: readonly Name[]) {
  return z.looseRecord(z.enum(names), Count);
}

/** Counts by decision; older versions have no blocked edges, and none that were not attempted. */
function plannedCountsOf<Name extends string>(names: readonly Name[]) {
  return z.preprocess(
    (counts) => (isObject(counts) ? { blocked: 0, 'not-attempted': 0, ...counts } : counts),
    countsOf(names),
  );
}

const DigestText = z
  .custom<ShardIdentity['input']>((text) => typeof text === 'string' && parseDigest(text) !== undefined)
  .meta({ type: 'string', description: 'ALGORITHM:HEX' });
const SHARD = { index: Count, count: Count, input: DigestText };
const Shard: z.ZodType<ShardIdentity> = z.looseObject(SHARD).refine(({ index, count }) => index < count, {
  path: ['index'],
});
const RUN = { startedAt: Time, durationMs: Duration, stopped: z.boolean() };
const ShardOfMerged: z.ZodType<MergedShard> = z.looseObject({ ...SHARD, ...RUN, edges: Count });
const Manifests: z.ZodType<ManifestCounts> = z.looseObject({
  projects: Count,
  images: Count,
  digests: Count,
  destinations: z.exactOptional(Count),
});

const Finding: z.ZodType<ReportFinding> = z.looseObject({
  rule: Text,
  level: z.enum(['warn', 'error']),
  message: Text,
  advice: Text.optional(),
  at: Text,
  edges: z.array(Text),
});

const Cause: z.ZodType<ReportCause> = z.looseObject({
  id: Text,
  kind: z.enum(HOST_FAULTS),
  host: Text,
  identity: NullableText,
  edges: Count,
  repositories: z.array(Text),
  message: Text,
  advice: Text,
});

const Changes: z.ZodType<ReportChanges> = z.looseObject({
  base: NullableText,
  since: z.exactOptional(Text),
  from: Text,
});

const Attachments: z.ZodType<AttachmentCounts> = z.looseObject({
  carried: Count,
  planned: Count,
  ignored: Count,
});

/** The fields of every report, apart from its summary, items and hosts. */
const ENVELOPE = {
  ...RUN,
  shard: z.exactOptional(Shard),
  shards: z.exactOptional(z.array(ShardOfMerged)),
  manifests: Manifests,
  findings: z.array(Finding).default([]),
  causes: z.exactOptional(z.array(Cause)),
};

const ITEM = {
  destination: NullableText,
  digest: NullableText,
  reason: Text,
  at: Text,
  cause: Text.optional(),
};

const Counts = z.array(Count);

const OverTime: z.ZodType<HostOverTime> = z.looseObject({
  stepMs: Count,
  requests: Counts,
  retries: Counts,
  throttled: Counts,
  bytesIn: Counts,
  bytesOut: Counts,
});

const TRAFFIC = {
  requests: Count,
  retries: Count,
  interrupted: Count,
  throttled: Count,
  identities: z.array(Text),
  bytesIn: Count,
  bytesOut: Count,
  overTime: OverTime.optional(),
} satisfies Record<keyof HostCounts, z.ZodType>;

const Repositories: z.ZodType<NonNullable<EnvelopeHost['repositories']>> = z.looseObject({
  byListing: Count,
  byHead: Count,
});

const RESULTS = ['copied', 'failed', 'not-attempted'] as const;

export const PromotionItem: z.ZodType<PromotionItemType> = z.looseObject({
  decision: z.enum([...EDGE_DECISIONS, 'invalid']),
  source: NullableText,
  outcome: z.enum([...RESULTS, 'present']),
  ...ITEM,
});

const Signing: z.ZodType<SigningReport> = z.looseObject({
  summary: countsOf([...SIGNING_OUTCOMES, 'attested', 'made']),
  items: z.array(
    z.looseObject({
      destination: Text,
      digest: Text,
      outcome: z.enum(['signed', 'unsigned', 'failed', 'not-attempted']),
      missing: z.array(z.enum(MISSING_PARTS)),
      reason: Text,
    }),
  ),
});

const ScannedImageEntry: z.ZodType<ScannedImage> = z.looseObject({
  image: Text,
  digest: DigestText,
  state: z.enum(SCAN_STATES),
  reason: NullableText,
  found: z.record(z.enum(SEVERITIES), Count),
  counted: Count,
  vulnerabilities: z.array(
    z.looseObject({
      id: Text,
      severity: z.enum(SEVERITIES),
      package: Text,
      version: Text,
      fixedIn: NullableText,
      allowedUntil: Text.optional(),
    }),
  ),
  withoutFix: Count,
  dismissed: Count,
  dismissals: z.array(z.looseObject({ id: Text, package: Text, reason: Text })),
});

const Vulnerabilities: z.ZodType<VulnerabilityResults> = z.looseObject({
  threshold: z.enum(SEVERITIES),
  fixableOnly: z.boolean(),
  source: Text,
  images: z.array(ScannedImageEntry),
});

export const PromotionReport: z.ZodType<PromotionReportType> = z.looseObject({
  version: z.literal(1),
  mode: z.enum(['parse-only', 'dry-run', 'promotion']),
  plan: z.exactOptional(DigestText),
  changes: z.exactOptional(Changes),
  vulnerabilities: z.exactOptional(Vulnerabilities),
  ...ENVELOPE,
  summary: plannedCountsOf(['edges', ...EDGE_DECISIONS, 'invalid', ...RESULTS]),
  attachments: z.exactOptional(Attachments),
  items: z.array(PromotionItem),
  signing: z.exactOptional(Signing),
  hosts: z.record(
    Text,
    z.looseObject({ edges: plannedCountsOf(EDGE_DECISIONS), repositories: Repositories, ...TRAFFIC }),
  ),
});

export const VerificationItem: z.ZodType<VerificationItemType> = z.looseObject({
  decision: z.enum([...VERIFY_DECISIONS, 'invalid']),
  asked: NullableText,
  found: NullableText,
  ...ITEM,
});

const Piece: z.ZodType<RepairItem> = z.looseObject({
  repository: Text,
  piece: z.enum(['blob', 'manifest']),
  digest: Text,
  size: Count.nullable(),
  condition: z.enum(['sound', 'missing', 'damaged']),
  from: NullableText,
  outcome: z.enum(['sent', 'failed', 'not-attempted']),
  reason: Text,
});

export const Verification: z.ZodType<VerificationType> = z.looseObject({
  version: z.literal(2),
  mode: z.literal('verify'),
  deep: z.boolean(),
  via: NullableText,
  ...ENVELOPE,
  summary: countsOf(['edges', ...VERIFY_DECISIONS, 'invalid']),
  items: z.array(VerificationItem),
  repair: z.exactOptional(z.looseObject({ confirmed: z.boolean(), pieces: z.array(Piece) })),
  hosts: z.record(Text, z.looseObject({ edges: countsOf(VERIFY_DECISIONS), ...TRAFFIC })),
});

export const AuditItem: z.ZodType<AuditItemType> = z.looseObject({
  decision: z.enum([...AUDIT_DECISIONS, 'invalid']),
  found: NullableText,
  uploaded: NullableText,
  ...ITEM,
});

const Allowance: z.ZodType<AllowanceUse> = z.looseObject({
  at: Text,
  entry: Text,
  expires: NullableText,
  isExpired: z.boolean(),
  uses: Count,
});

const Change: z.ZodType<AuditChange> = z.looseObject({
  change: z.enum(['added', 'moved', 'deleted']),
  destination: Text,
  digest: Text,
  before: NullableText,
  uploaded: NullableText,
});

export const Audit: z.ZodType<AuditType> = z.looseObject({
  version: z.literal(1),
  mode: z.literal('audit'),
  ...ENVELOPE,
  summary: countsOf(['edges', ...AUDIT_DECISIONS, 'invalid']),
  items: z.array(AuditItem),
  allowances: z.array(Allowance),
  sinceSnapshot: z.exactOptional(z.array(Change)),
  hosts: z.record(Text, z.looseObject({ edges: countsOf(AUDIT_DECISIONS), ...TRAFFIC })),
});

export const SigcheckItem: z.ZodType<SigcheckItemType> = z.looseObject({
  decision: z.enum([...SIGCHECK_DECISIONS, 'invalid']),
  missing: z.array(z.enum(MISSING_PARTS)),
  ...ITEM,
});

export const SignatureCheck: z.ZodType<SignatureCheckType> = z.looseObject({
  version: z.literal(1),
  mode: z.literal('sigcheck'),
  confirmed: z.boolean(),
  ...ENVELOPE,
  summary: countsOf(['edges', ...SIGCHECK_DECISIONS, 'invalid', 'made']),
  items: z.array(SigcheckItem),
  hosts: z.record(Text, z.looseObject({ edges: countsOf(SIGCHECK_DECISIONS), ...TRAFFIC })),
});
