import type { Audit } from '../../../report/audit/audit.ts';
import { exitCodeOf } from '../../../report/exit-code.ts';
import { auditSentence } from '../../../report/summary/verdict.ts';
import { audit } from '../../../workflows/audit/audit.ts';
import { draftAllowList } from '../../../workflows/audit/draft-allow-list.ts';
import { type AuditFormat, writeAudit } from '../../audit/audit-format.ts';
import {
  type AllowListFile,
  extendAllowList,
  placeOfAllowList,
  readAllowList,
} from '../../audit/allow-list-file.ts';
import { readSnapshots, type SnapshotFile } from '../../audit/read-snapshots.ts';
import type { PromotionOptions } from '../../flags/options/promotion-options.ts';
import { concludeCheck } from '../../output/conclude-run.ts';
import { manifestFrames } from '../../output/manifest-frames.ts';
import { inputsOf } from '../../output/report-inputs.ts';
import { prepareReports } from '../../output/write-report.ts';
import { registriesOf } from '../../runtime/bound-registries.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import { type Run, withRun } from '../../runtime/run-scope.ts';
import type { ProcessContext } from '../command.ts';

/** A complete and consistent request for an audit. */
export interface AuditOptions extends PromotionOptions {
  readonly format: AuditFormat;
  /** Undefined: `audit-allow.yaml` beside the manifests. */
  readonly allowList: string | undefined;
  /** Whether findings are added to the allow-list. */
  readonly writesAllowList: boolean;
  /** Snapshots to compare production with. */
  readonly since: readonly SnapshotFile[];
}

/** `cip audit` from its options to its exit code. */
export function runAudit(options: AuditOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { log, stop } = run;
    const { where, shard, writesAllowList: isWritten } = options;
    const isSummarized = options.log.format === 'text';
    const countLevel = isSummarized ? 'debug' : 'info'; // the first line has the same counts
    const inputs = inputsOf(options);
    const location = placeOfAllowList(options.allowList, where, { isWritten });
    const further = [...options.since.map(({ file }) => file), location.path];
    const places = await prepareReports(options, { ...inputs, files: [...inputs.files, ...further] });
    const allowList = await readAllowList(location, log, stop.stopping);
    const read = await loadManifests(where, { strict: false, countLevel, log, stopping: stop.stopping });
    if (isSummarized) run.print(auditSentence({ manifests: read.counts, shard }));
    const report = await auditWith({ read, allowList }, options, run);
    const frameOf = manifestFrames(where);
    const exitCode = stop.exitCode() ?? exitCodeOf(report, { allowLost: false });
    const { format } = options;
    return await concludeCheck(report, {
      ...context,
      writeOutput: async () => {
        const { problems } = read;
        await writeAudit(report, { format, stdio: context.stdio, exitCode, frameOf, problems, where });
        if (isWritten) await writeAllowList(report, allowList, run);
      },
      run,
      options,
      places,
      frameOf,
    });
  });
}

interface Input {
  readonly read: Awaited<ReturnType<typeof loadManifests>>;
  readonly allowList: AllowListFile;
}

async function auditWith({ read, allowList }: Input, options: AuditOptions, run: Run): Promise<Audit> {
  const { runtime, log } = run;
  const { stopping } = run.stop;
  const since = await readSnapshots(options.since, read.manifests, { log, signal: stopping });
  const client = await runtime.openRegistries(registriesOf(read.manifests), { readOnly: true });
  const { allowances } = allowList;
  const request = { ...options, read, allowances, since: since.length === 0 ? undefined : since };
  return await run.showing(client.traffic, (progress) =>
    audit(request, { ...client, clock: runtime.clock, progress, stopping }),
  );
}

/** Adds the findings to the allow-list. A stopped run writes nothing: its findings are incomplete. */
async function writeAllowList(report: Audit, allowList: AllowListFile, { log, stop }: Run): Promise<void> {
  const { path } = allowList;
  if (report.stopped) return log.write('error', 'allow-list not written: the run was stopped: run it again');
  const entries = draftAllowList(report);
  if (entries === '') return log.write('info', 'nothing to add to the allow-list', { file: path });
  await extendAllowList(allowList, entries, stop.stopping);
  log.write('info', 'entries added to the allow-list: give each a reason and an expiry', { file: path });
}
