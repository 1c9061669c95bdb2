import type { Severity } from '../../image/severity.ts';
import type { VexStatement, VulnerabilitySource } from '../../ports/vulnerabilities.ts';

/** The policy of the vulnerability gate. */
export interface VulnerabilityPolicy {
  /** The lowest severity that counts. */
  readonly threshold: Severity;
  /** Whether only vulnerabilities with a fix count. */
  readonly fixableOnly: boolean;
  readonly allowed: readonly AllowedVulnerability[];
}

/** A vulnerability that somebody has accepted. */
export interface AllowedVulnerability {
  /** Globs: `*` is any text, `?` any one character. */
  readonly vulnerability: string;
  /** The repository of the image, at its source or at a destination. Unset: every image. */
  readonly image?: string | undefined;
  /** The name of the package. Unset: every package. */
  readonly package?: string | undefined;
  readonly reason: string;
  /** `YYYY-MM-DD`: the last day on which it counts. Unset: it does not expire. */
  readonly expires?: string | undefined;
}

export interface VulnerabilityGateOptions extends VulnerabilityPolicy {
  readonly source: VulnerabilitySource;
  readonly statements: readonly VexStatement[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
}
