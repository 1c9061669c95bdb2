/**
 * Severities of vulnerabilities in ascending order: the index is the number of `-vuln-severity-threshold`, as in Container
 * Analysis.
 *
 * @see https://cloud.google.com/artifact-analysis/docs/reference/rest/v1/Severity
 */
export const SEVERITIES = ['unspecified', 'minimal', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** True for a severity that is at least the other one. */
export function isAtLeast(severity: Severity, threshold: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(threshold);
}

/** The severity that a number, 0 to 5, or a word in any case names; undefined for anything else. */
export function parseSeverity(text: string): Severity | undefined {
  return SEVERITIES.find((one, number) => one === text.toLowerCase() || String(number) === text);
}
