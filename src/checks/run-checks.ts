import { compareText } from '../base/sorted.ts';
import type { PromoterManifest } from '../manifest/model.ts';
import type { Plan } from '../plan/plan.ts';
import type { Finding } from './finding.ts';
import type { CheckPorts, ManifestRule, PlanRule } from './rule.ts';

/** The findings of rules about manifests, sorted by position. Pure. */
export function checkManifests(
  rules: readonly ManifestRule[],
  manifests: readonly PromoterManifest[],
): readonly Finding[] {
  return sortFindings(
    rules.flatMap(({ name, check }) =>
      Array.from(check(manifests), (found): Finding => ({ rule: name, ...found })),
    ),
  );
}

/**
 * The findings of rules about a plan, sorted by position, one rule after the other. A registry that does not answer
 * is a finding. Once the signal aborts, the findings until then are the result.
 */
export async function runChecks(
  rules: readonly PlanRule[],
  plan: Plan,
  ports: CheckPorts,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  try {
    for (const { name, check } of rules) {
      // oxlint-disable-next-line no-await-in-loop -- what one rule has read, the next one need not read again
      await check(plan, { ...ports, report: (found) => findings.push({ rule: name, ...found }) }, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return sortFindings(findings);
}

/** By file, line and column, then by rule and message; those without a position come first. */
function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    (a, b) =>
      compareText(a.at?.file ?? '', b.at?.file ?? '') ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0) ||
      compareText(a.rule, b.rule) ||
      compareText(a.message, b.message),
  );
}
