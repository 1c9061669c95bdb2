import type { PromoterManifest } from '../manifest/model.ts';
import { edgeId, isWritable, type Plan } from '../plan/plan.ts';
import type { CheckPorts, Finding, Found, LeveledRule, ManifestRule, PlanRule } from './rule.ts';

/** The findings of rules about manifests. With a plan, an error has the edges that it blocks. Pure. */
export function checkManifests(
  rules: readonly ManifestRule[],
  manifests: readonly PromoterManifest[],
  plan?: Plan,
): readonly Finding[] {
  return rules.flatMap((rule) =>
    Array.from(rule.check(manifests), ({ concerns, ...found }) => {
      const finding = findingOf({ ...found, edges: [] }, rule);
      if (finding.level !== 'error' || concerns === undefined || plan === undefined) return finding;
      return { ...finding, edges: plan.items.filter(isWritable).filter(concerns).map(edgeId) };
    }),
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
    for (const rule of rules) {
      const report = (found: Found) => findings.push(findingOf(found, rule));
      // oxlint-disable-next-line no-await-in-loop -- rules share cached manifests, so each one is read once
      await rule.check(plan, { ...ports, report }, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return findings;
}

function findingOf({ level: own, ...found }: Found, { name, level }: LeveledRule): Finding {
  return { rule: name, level: own ?? (level === 'error' ? 'error' : 'warn'), ...found };
}
