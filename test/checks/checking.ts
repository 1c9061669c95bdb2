import type { Finding } from '../../src/checks/rule.ts';
import type { PlanRule } from '../../src/checks/rule.ts';
import { runChecks } from '../../src/checks/run-checks.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { type Planned, plan } from '../copy/promoting.ts';
import type { MemoryRegistry } from '../doubles/memory-registry.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

export interface Checked extends Planned {
  readonly findings: readonly Finding[];
}

/** Plans what manifests want and checks the plan by these rules; the registry's calls are those of the rules. */
export async function check(
  rules: readonly PlanRule[],
  registry: MemoryRegistry,
  ...manifests: readonly PromoterManifest[]
): Promise<Checked> {
  return checkPlanned(rules, await plan(registry, ...manifests));
}

export async function checkPlanned(
  rules: readonly PlanRule[],
  planned: Planned,
  signal: AbortSignal = new AbortController().signal,
): Promise<Checked> {
  const { plan, registry } = planned;
  const ports = {
    source: planned.source,
    destination: registry,
    progress: new RecordingProgress(),
    workers: 8,
  };
  return { ...planned, findings: await runChecks(rules, plan, ports, signal) };
}
