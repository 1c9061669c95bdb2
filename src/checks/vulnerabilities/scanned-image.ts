import type { Digest } from '../../image/digest.ts';
import type { Severity } from '../../image/severity.ts';

/** The results of the vulnerability gate, in the form of reports. */
export interface VulnerabilityResults {
  readonly threshold: Severity;
  readonly fixableOnly: boolean;
  /** `Container Analysis`, or the name of the program. */
  readonly source: string;
  /** Sorted by name. */
  readonly images: readonly ScannedImage[];
}

/**
 * - `passed`         no vulnerability counts
 * - `vulnerable`     at least one does
 * - `not-scanned`    the image, or one of its platforms, has no result
 * - `not-applicable` it is no container image: a Helm chart, for example
 */
export const SCAN_STATES = ['passed', 'vulnerable', 'not-scanned', 'not-applicable'] as const;
export type ScanState = (typeof SCAN_STATES)[number];

export interface ScannedImage {
  /** `repository@digest` at the source. */
  readonly image: string;
  readonly digest: Digest;
  readonly state: ScanState;
  /** Why it was not scanned; null if it was. */
  readonly reason: string | null;
  /** All vulnerabilities by severity, whether they count or not. */
  readonly found: Readonly<Record<Severity, number>>;
  /** Number of vulnerabilities that count. */
  readonly counted: number;
  /** The first of them, most severe first. */
  readonly vulnerabilities: readonly ReportedVulnerability[];
  /** Number at or above the threshold that do not count because there is no fix. */
  readonly withoutFix: number;
  /** Number that do not count because somebody has assessed them. */
  readonly dismissed: number;
  /** The first of them. */
  readonly dismissals: readonly Dismissal[];
}

export interface ReportedVulnerability {
  readonly id: string;
  readonly severity: Severity;
  readonly package: string;
  readonly version: string;
  /** The version with the fix; empty if it is unknown, null if there is none. */
  readonly fixedIn: string | null;
  /** The end of an exception that no longer counts, `YYYY-MM-DD`. Unset: there was none. */
  readonly allowedUntil?: string | undefined;
}

export interface Dismissal {
  readonly id: string;
  readonly package: string;
  /** The exception or assessment, with its reason. */
  readonly reason: string;
}

/** `3 vulnerabilities`. */
export function countVulnerabilities(count: number): string {
  return count === 1 ? '1 vulnerability' : `${count} vulnerabilities`;
}

/** `of severity high or above with a fix`. */
export function describePolicy({
  threshold,
  fixableOnly,
}: Pick<VulnerabilityResults, 'threshold' | 'fixableOnly'>): string {
  const severity =
    threshold === 'unspecified'
      ? 'of any severity'
      : `of severity ${threshold}${threshold === 'critical' ? '' : ' or above'}`;
  return fixableOnly ? `${severity} with a fix` : severity;
}
