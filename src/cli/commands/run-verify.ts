import { systemClock } from '../../adapters/system/clock.ts';
import { createDiskSpool } from '../../adapters/system/disk-spool.ts';
import type { Secrets } from '../../base/secrets.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import { exitCodeOf } from '../../report/exit-code.ts';
import type { Verification } from '../../report/report.ts';
import { verify } from '../../workflows/verify/verify.ts';
import type { VerifyOptions } from '../flags/options/verify-options.ts';
import { logReport } from '../output/log-report.ts';
import { inputsOf } from '../output/report-inputs.ts';
import type { Stdio } from '../output/stdio.ts';
import { prepareReports, writeReports } from '../output/write-report.ts';
import { showRunProgress } from '../progress/run-progress.ts';
import { type BoundRegistry, registriesOf } from '../runtime/bound-registries.ts';
import { loadManifests } from '../runtime/load-manifests.ts';
import { openRegistries } from '../runtime/open-registries.ts';
import { type Run, spoolDirectory, withRun } from '../runtime/run-scope.ts';

/** `cip verify` from its options to its exit code. */
export function runVerify(options: VerifyOptions, stdio: Stdio, env: NodeJS.ProcessEnv): Promise<number> {
  return withRun(options, stdio, async (run) => {
    const { shard } = options;
    if (shard !== undefined) run.log.write('info', 'one shard of the verification', { ...shard });
    const places = await prepareReports(options, inputsOf(options));
    const read = await loadManifests(options.where, {
      strict: false,
      log: run.log,
      stopping: run.stop.stopping,
    });
    const verification = await verifyWith(read, { options, env, run, secrets: stdio.secrets });
    try {
      await writeReports(verification, places, stdio); // first: who stops a run may not wait until all is told
    } finally {
      const items = verification.items.filter(({ decision }) => decision !== 'invalid'); // these have been told
      const { format } = options.log;
      await logReport({ ...verification, items }, { format, allowLost: false, stdio, log: run.log });
    }
    return run.stop.exitCode() ?? exitCodeOf(verification, { allowLost: false });
  });
}

interface VerifyParts {
  readonly options: VerifyOptions;
  readonly env: NodeJS.ProcessEnv;
  readonly run: Run;
  readonly secrets: Secrets;
}

async function verifyWith(
  read: ReadManifests,
  { options, env, run: { log, stop, status }, secrets }: VerifyParts,
): Promise<Verification> {
  const clock = systemClock;
  const isConfirmed = options.repair && options.task === 'promotion';
  const client = await openRegistries([...registriesOf(read.manifests), ...frontsOf(options)], {
    options,
    readOnly: !isConfirmed,
    env,
    clock,
    log,
    secrets,
  });
  const shown = showRunProgress(client.traffic, { options, status, env, stop, log, clock });
  const { progress } = shown;
  const { stopping, signal } = stop;
  const spool = createDiskSpool({ directory: spoolDirectory(env), limit: options.spoolLimit, log });
  const writing = isConfirmed ? { registry: client.destination, spool, clock, signal } : undefined;
  try {
    return await verify({ ...options, read }, { ...client, clock, progress, stopping, writing });
  } finally {
    shown.close();
    await client.close();
  }
}

/** What is asked instead of the destinations. */
function frontsOf({ mirror }: VerifyOptions): readonly BoundRegistry[] {
  return mirror === undefined ? [] : [{ name: mirror.host, serviceAccount: undefined }];
}
