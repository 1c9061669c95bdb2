import type { VulnerabilityPolicy } from './vulnerabilities/gate-options.ts';

/** `off`: the rule does not run; `warn`: its findings are reported; `error`: they also block their edges. */
export const RULE_LEVELS = ['off', 'warn', 'error'] as const;
export type RuleLevel = (typeof RULE_LEVELS)[number];

/** The rules that have a level, in alphabetical order. */
export const CHECK_NAMES = [
  'broken-base',
  'destination-immutable',
  'destination-set',
  'destination-settings',
  'destination-spelling',
  'duplicate-tag',
  'file-name',
  'format',
  'incomplete-source',
  'max-image-size',
  'min-age',
  'moving-tag',
  'not-in-source',
  'not-scanned',
  'orphan-images',
  'owners',
  'provenance',
  'removed-entries',
  'retention',
  'signatures',
  'single-platform',
  'source-equals-destination',
  'source-tag',
  'unsupported-artifact',
  'vulnerabilities',
  'weaker-policy',
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** The names of today for rules that had another one, which is refused. */
export const FORMER_CHECKS: Readonly<Record<string, CheckName>> = { 'provenance-required': 'provenance' };

/** The decisions of a plan that are no rules: they cannot be switched off. */
export const DECISIONS: readonly string[] = ['tag-move', 'conflict', 'lost'];
export const DECISION_ADVICE = 'it is a decision of every plan, so it has no level';

/** The levels and parameters that somebody chose. A rule without a level has its default. */
export interface RuleSettings {
  readonly levels: ReadonlyMap<CheckName, RuleLevel>;
  readonly parameters: RuleParameters;
}

export interface RuleParameters {
  /** Bytes of the largest platform of an image. */
  readonly maxImageSize?: number | undefined;
  /** Milliseconds between the upload of a digest and its promotion. */
  readonly minAge?: number | undefined;
  /** Tags that move, as globs. */
  readonly movingTags?: readonly string[] | undefined;
  /** Milliseconds that a digest remains at its source at least. */
  readonly retention?: number | undefined;
  /** Milliseconds after which a source without readable policies deletes a digest. */
  readonly retentionKeep?: number | undefined;
  /** Source repositories, as globs, whose images may have one platform. */
  readonly singlePlatformAllow?: readonly string[] | undefined;
  /** The policy of the vulnerability gate. Without a threshold here and on the command line the gate is off. */
  readonly vulnerabilities?: Partial<VulnerabilityPolicy> | undefined;
}

export const NO_SETTINGS: RuleSettings = { levels: new Map(), parameters: {} };
