import type { ReadManifests } from '../../../manifest/model.ts';
import { applyPlanFile, type RunEvents } from '../../../apply.ts';
import { quote } from '../../../base/text.ts';
import { expandEdges } from '../../../edges/expand-edges.ts';
import { hostRegistryOf, type RegistryName } from '../../../image/repository.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import { admitPlan, PlanRefused } from '../../../plan/admit-plan.ts';
import type { PlanFile } from '../../../plan/plan-codec.ts';
import { isWritable } from '../../../plan/plan.ts';
import type { RunReport } from '../../../report/report.ts';
import type { PromotionOptions } from '../../flags/options/promotion-options.ts';
import { InputError } from '../../flags/usage-error.ts';
import { inputsAt } from '../../output/report-inputs.ts';
import { openRunRecord } from '../../output/run-record.ts';
import { prepareReports } from '../../output/write-report.ts';
import { type BoundRegistry, registriesOf } from '../../runtime/bound-registries.ts';
import { carryPortsOf } from '../../runtime/carry-ports.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import { readPlanFile, readTrustedKeys } from '../../runtime/plan-files.ts';
import { type Run, withRun } from '../../runtime/run-scope.ts';
import type { ProcessContext } from '../command.ts';
import { openRunSigning } from './run-signing.ts';
import { finishPromotion } from '../../output/finish-promotion.ts';

/** A complete and consistent request to apply a plan file. */
export interface ApplyOptions extends Omit<PromotionOptions, 'where'> {
  readonly file: string;
  /** The manifests that the plan is to be made from; undefined for any. */
  readonly where: ManifestLocation | undefined;
  /** Milliseconds; undefined for no limit. */
  readonly maxPlanAge: number | undefined;
  /** Files of public keys. With at least one of them, the plan is to be signed by one of theirs. */
  readonly trustedKeys: readonly string[];
}

/** `cip apply` from its options to its exit code. */
export function runApply(options: ApplyOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { log } = run;
    const { file: path, trustedKeys, keyFiles, caFiles, where } = options;
    const inputs = inputsAt(where, [path, ...trustedKeys, ...keyFiles, ...caFiles]);
    const places = await prepareReports(options, inputs);
    const file = await readPlanFile(path);
    const read = await admit(file, { options, run });
    const signature =
      file.signature === undefined ? 'none' : trustedKeys.length > 0 ? 'verified' : 'not verified';
    const {
      digest: plan,
      plan: { origin },
    } = file;
    const logOrigin = () =>
      log.write('info', 'plan read', { plan, made: origin.madeAt, tool: origin.tool, signature });
    const record = openRunRecord({ ...context, options, places, run, logOrigin });
    const report = await applyWith(file, { ...context, options, run, read, events: record.events });
    const areMalformedLogged = read !== undefined;
    return await finishPromotion(report, {
      ...context,
      options,
      run,
      places,
      where,
      record,
      areMalformedLogged,
    });
  });
}

interface Parts {
  readonly options: ApplyOptions;
  readonly run: Run;
  /** The manifests, where they are given. */
  readonly read?: ReadManifests | undefined;
}

interface ApplyParts extends Parts, ProcessContext {
  readonly events: RunEvents;
}

/** Resolves to the manifests, where they are given. Throws an `InputError` for a plan that may not be applied. */
async function admit(file: PlanFile, { options, run }: Parts): Promise<ReadManifests | undefined> {
  const { maxPlanAge: maxAge, where, shard } = options;
  const { log, stop, runtime } = run;
  const trusted = await readTrustedKeys(options.trustedKeys);
  const read = where && (await loadManifests(where, { strict: false, log, stopping: stop.stopping }));
  if (stop.stopping.aborted) return read; // nothing is applied any more
  try {
    const now = runtime.clock.wallTime();
    admitPlan(file, { now, maxAge, trusted, wanted: read && expandEdges(read.manifests), shard });
  } catch (error) {
    if (!(error instanceof PlanRefused)) throw error;
    throw new InputError(`cannot apply the plan ${quote(options.file)}: ${error.message}`);
  }
  return read;
}

async function applyWith(
  file: PlanFile,
  { options, run, read, events, ...context }: ApplyParts,
): Promise<RunReport> {
  const { threads, task, reportAll, shard } = options;
  const { runtime } = run;
  const { stopping, signal } = run.stop;
  const confirm = task === 'promotion';
  const registries = read === undefined ? registriesIn(file) : registriesOf(read.manifests);
  const client = await runtime.openRegistries(registries, { readOnly: !confirm });
  const spool = runtime.openSpool(options.spoolLimit);
  const request = { file, shard, confirm, reportAll, threads };
  const signingContext = { ...context, run, client, isLimited: false };
  const signing = await openRunSigning(options, signingContext);
  return await run.showing(client.traffic, (progress) =>
    applyPlanFile(request, {
      ...client,
      spool,
      clock: runtime.clock,
      progress,
      events,
      carrying: carryPortsOf(options, client),
      signing,
      stopping,
      signal,
    }),
  );
}

/** The hosts that a plan names, and the registries with an account of their own. */
function registriesIn({ plan: { accounts, items } }: PlanFile): readonly BoundRegistry[] {
  const hosts = new Set<RegistryName>();
  for (const item of items.filter(isWritable)) {
    for (const repository of [item.destination, ...item.sources, ...item.siblings]) {
      hosts.add(hostRegistryOf(repository));
    }
  }
  return [
    ...accounts.map(({ registry: name, account: serviceAccount }) => ({ name, serviceAccount })),
    ...Array.from(hosts, (name) => ({ name, serviceAccount: undefined })),
  ];
}
