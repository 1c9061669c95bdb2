import * as z from 'zod';
import {
  SCAN_STATES,
  type ScannedImage,
  type VulnerabilityResults,
} from '../checks/vulnerabilities/scanned-image.ts';
import { EDGE_DECISIONS } from '../plan/plan.ts';
import type { AttachmentCounts } from './envelope.ts';
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
  SIGCHECK_PARTS,
  type SigcheckItem as SigcheckItemType,
  type SignatureCheck as SignatureCheckType,
} from './sigcheck/sigcheck.ts';
import {
  type PromotionItem as PromotionItemType,
  type PromotionReport as PromotionReportType,
  type ReportChanges,
  type RepairItem,
  type SigningReport,
  type Verification as VerificationType,
  type VerificationItem as VerificationItemType,
  VERIFY_DECISIONS,
} from './report.ts';
import {
  Count,
  Text,
  NullableText,
  countsOf,
  plannedCountsOf,
  DigestText,
  ENVELOPE,
  ITEM,
  TRAFFIC,
  Repositories,
} from './schema-parts.ts';

// Unknown fields are kept: a later version may add some. `docs/report.schema.json` is generated from here.

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
  missing: z.array(z.enum(SIGCHECK_PARTS)),
  ...ITEM,
});

export const SignatureCheck: z.ZodType<SignatureCheckType> = z.looseObject({
  version: z.literal(1),
  mode: z.literal('sigcheck'),
  confirmed: z.boolean(),
  ...ENVELOPE,
  attachments: z.exactOptional(Attachments),
  summary: countsOf(['edges', ...SIGCHECK_DECISIONS, 'invalid', 'made']),
  items: z.array(SigcheckItem),
  hosts: z.record(Text, z.looseObject({ edges: countsOf(SIGCHECK_DECISIONS), ...TRAFFIC })),
});
