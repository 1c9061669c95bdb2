import type { PromoterManifest } from '../manifest/model.ts';
import type { Plan } from '../plan/plan.ts';
import type { CheckPorts, Finding, ManifestRule, PlanRule } from './rule.ts';

/** The findings of rules about manifests. Pure. */
export function checkManifests(
  rules: readonly ManifestRule[],
  manifests: readonly PromoterManifest[],
): readonly Finding[] {
  return rules.flatMap(({ name, check }) =>
    Array.from(check(manifests), (found): Finding => ({ rule: name, ...found })),
  );
}

/**
 * The findings of rules about a plan, one rule after the other. A registry that does not answer is a finding. When the
 * signal aborts, the findings until then are returned.
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
      // oxlint-disable-next-line no-await-in-loop -- rules share cached manifests, so each one is read once
      await check(plan, { ...ports, report: (found) => findings.push({ rule: name, ...found }) }, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return findings;
}
