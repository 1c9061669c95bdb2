import { beginRun, carryOut, type Run, type RunPorts, type RunRequest } from './apply.ts';
import { sortedBy } from './base/sorted.ts';
import { blockEdges } from './checks/block-edges.ts';
import type { Finding } from './checks/rule.ts';
import { isProven, type ProofScope } from './checks/images-to-copy.ts';
import type { MinAgeOptions } from './checks/images/min-age.ts';
import { relevelFindings } from './checks/levels.ts';
import { NO_SETTINGS, type RuleSettings } from './checks/rule-settings.ts';
import { manifestRules, planRules } from './checks/rules.ts';
import { checkManifests, runChecks } from './checks/run-checks.ts';
import type { Verification } from './checks/signatures/verification.ts';
import { imagesToComplete } from './copy/carry/complete-attachments.ts';
import type { VulnerabilityGate } from './checks/vulnerabilities/vulnerability-gate.ts';
import { expandEdges } from './edges/expand-edges.ts';
import type { Shard } from './edges/shard.ts';
import { fingerprintOf, takeShard } from './edges/take-shard.ts';
import type { Wanted } from './edges/wanted.ts';
import type { RegistryName } from './image/repository.ts';
import type { Inventory } from './inventory/inventory.ts';
import { readInventory } from './inventory/read-inventory.ts';
import type { PromoterManifest, ReadManifests } from './manifest/model.ts';
import { makePlan } from './plan/make-plan.ts';
import type { PlanItem } from './plan/plan.ts';
import type { BoundAccount, ChangeScope, PlanOrigin, RecordedPlan } from './plan/recorded-plan.ts';
import type { RepositoryFactsReader } from './ports/repository-facts.ts';
import type { SourceRevision, SourceTree } from './ports/source-tree.ts';
import type { ReportChanges, RunReport } from './report/report.ts';

export interface PromotionRequest extends RunRequest {
  readonly read: ReadManifests;
  /** The wanted edges if no manifest has them. Unset: those of the manifests. */
  readonly wanted?: Wanted | undefined;
  /** The changes of the manifests, where the run is limited to them. */
  readonly changes?: Changes | undefined;
  /** Undefined for all that the manifests want. */
  readonly shard?: Shard | undefined;
  /** Whether destinations of a manifest may stand in for its source. Default: they may. */
  readonly siblings?: boolean;
  /** The images whose sources a dry run checks for completeness. Default: `few`. */
  readonly proof?: ProofScope;
  /** Bytes of the largest platform above which an image is not promoted. Unset: no limit. */
  readonly maxImageSize?: number | undefined;
  /** Levels and parameters of checks. Default: those of the rules. */
  readonly rules?: RuleSettings;
  /** Unset: vulnerabilities are not checked. */
  readonly gate?: VulnerabilityGate | undefined;
  /** Unset: the plan is not kept. */
  readonly record?: PlanRecorder | undefined;
}

/** The part of the desired state that changed. */
export interface Changes {
  readonly wanted: Wanted;
  readonly scope: ChangeScope;
  /** The flag or variable that names the earlier state. */
  readonly from: string;
  /** Entries that were removed, and faults of the earlier state. */
  readonly findings: readonly Finding[];
}

/** Keeps the plan of a run, to be applied later. */
export interface PlanRecorder {
  /** The version of the program. */
  readonly tool: string;
  /** The version control of the manifests. Unset: none. */
  readonly tree?: SourceTree | undefined;
  /** Called with the checked plan, before it is applied; not of a run that was stopped, which has not read everything. */
  readonly keep: (plan: RecordedPlan) => void;
}

export interface PromotionPorts extends RunPorts {
  /** Settings of destinations. Unset: none are read. */
  readonly facts?: RepositoryFactsReader;
  /** The digests that the manifests had some milliseconds ago. Unset: their history is not known. */
  readonly settled?: MinAgeOptions['settled'];
  /** Verifies signatures and attestations. Unset: no policy and no flag wants that. */
  readonly verification?: Pick<Verification, 'rules'> | undefined;
}

/** The stages of a promotion: manifest → edges → inventory → plan → checks → copy → report. A stopped run still has a report. */
export async function promote(request: PromotionRequest, ports: PromotionPorts): Promise<RunReport> {
  const { changes, confirm, gate, maxImageSize, read, record, reportAll: keepPresent } = request;
  const settings = request.rules ?? NO_SETTINGS;
  const proof = confirm ? 'none' : (request.proof ?? 'few'); // a copy finds out by itself
  const run = beginRun(request, ports);
  const { ending, source } = run;

  const all = request.wanted ?? expandEdges(read.manifests, request);
  const wanted = takeShard(changes?.wanted ?? all, request.shard);
  const revision = record?.tree?.revision(ending);
  const rules = planRules(read.manifests, {
    proof,
    isLimited: changes !== undefined,
    maxImageSize,
    facts: ports.facts,
    settings,
    gate,
    now: run.startedAt,
    settled: ports.settled,
    verification: ports.verification?.rules,
  });
  const readsAll = confirm || rules.some(({ readsManifests }) => readsManifests);
  // a manifest that is about to be copied or checked is read at once, any other is looked up
  const sourceFor = (digests: number) => (readsAll || isProven(proof, digests) ? source : ports.registry);
  const inventory = await readInventory(wanted, { ...run.reading, sourceFor }, ending);
  const unchecked = makePlan(wanted, inventory, { keepPresent });
  const findings = [
    ...checkManifests(manifestRules(settings), read.manifests, unchecked),
    ...relevelFindings(changes?.findings ?? [], settings.levels),
    ...(await runChecks(rules, unchecked, { ...run.reading, source }, ending)),
  ];
  const plan = blockEdges(unchecked, findings);
  if (record !== undefined && !ending.aborted) {
    const origin = makeOrigin(
      { tool: record.tool, read, all, wanted, changes, revision: await revision },
      run,
    );
    record.keep({ ...plan, origin, findings, ...keptOf(read) });
  }
  const completing =
    ports.carrying !== undefined && (changes !== undefined || ports.carrying.selection.scope === 'all')
      ? imagesToComplete(presentItems(wanted, inventory), { items: plan.items, confirm })
      : [];
  const { edges, shard } = wanted;
  const { problems, counts: manifests } = read;
  return carryOut(
    {
      plan,
      wanted,
      inventory,
      findings,
      completing,
      edges,
      shard,
      problems,
      manifests,
      changes: changes && changesOf(changes),
      vulnerabilities: gate?.results(),
    },
    run,
  );
}

function presentItems(wanted: Wanted, inventory: Inventory): readonly PlanItem[] {
  const { items } = makePlan(wanted, inventory, { keepPresent: true });
  return items.filter(({ decision }) => decision === 'present');
}

/** The scope of a run for the report. */
export function changesOf({ scope, from }: Pick<Changes, 'scope' | 'from'>): ReportChanges {
  return { ...scope, from };
}

interface Made {
  readonly tool: string;
  readonly read: ReadManifests;
  readonly all: Wanted;
  readonly wanted: Wanted;
  readonly changes: Changes | undefined;
  readonly revision: SourceRevision | undefined;
}

function makeOrigin({ tool, read, all, wanted, changes, revision }: Made, { startedAt }: Run): PlanOrigin {
  const { projects, images, digests } = read.counts; // without `destinations`: older versions refuse a plan with an unknown field
  return {
    tool,
    madeAt: new Date(startedAt).toISOString(),
    manifests: changes === undefined && wanted.shard !== undefined ? wanted.shard.input : fingerprintOf(all),
    read: { projects, images, digests },
    ...(revision !== undefined && { revision }),
    ...(wanted.shard !== undefined && { shard: wanted.shard }),
    ...(changes !== undefined && { changes: changes.scope }),
  };
}

/** The parts of the manifests that a plan file keeps beside the edges. */
function keptOf({ manifests, problems }: ReadManifests): Pick<RecordedPlan, 'accounts' | 'malformed'> {
  const malformed = problems.filter(({ severity }) => severity === 'error');
  return {
    accounts: accountsOf(manifests),
    malformed: malformed.map(({ rule, message, at }) => ({ rule, message, at })),
  };
}

/** The first account of each registry counts, as it does for a promotion. */
function accountsOf(manifests: readonly PromoterManifest[]): readonly BoundAccount[] {
  const accounts = new Map<RegistryName, BoundAccount>();
  for (const { name, serviceAccount } of manifests.flatMap(({ source, destinations }) => [
    source,
    ...destinations,
  ])) {
    if (!serviceAccount || accounts.has(name)) continue;
    accounts.set(name, { registry: name, account: serviceAccount });
  }
  return sortedBy(accounts.values(), ({ registry }) => registry);
}
