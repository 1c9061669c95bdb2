import type { Secrets } from '../base/secrets.ts';
import { systemClock } from '../adapters/system/clock.ts';
import { createDiskSpool } from '../adapters/system/disk-spool.ts';
import { exitCodeOfVerification, type Verification } from '../doors/verify/verification.ts';
import { verify } from '../doors/verify/verify.ts';
import type { ReadManifests } from '../manifest/model.ts';
import { type BoundRegistry, registriesOf } from './bound-registries.ts';
import { openRegistries } from './open-registries.ts';
import { showProgressOfRun } from './progress/progress-of-run.ts';
import { readWanted } from './read-wanted.ts';
import { inputsOf } from './report-inputs.ts';
import type { Stdio } from './stdio.ts';
import { spoolDirectory } from './spool-directory.ts';
import { tellVerification, writeVerification } from './tell-verification.ts';
import type { VerifyOptions } from './verify-options.ts';
import { type Run, withRun } from './with-run.ts';
import { prepareReports } from './write-report.ts';

/** `cip verify` from its options to its exit code. */
export function runVerify(options: VerifyOptions, stdio: Stdio, env: NodeJS.ProcessEnv): Promise<number> {
  return withRun(options, stdio, async (run) => {
    const { shard } = options;
    if (shard !== undefined) run.log.write('info', 'one shard of the verification', { ...shard });
    const places = await prepareReports(options, inputsOf(options));
    const read = await readWanted(options.where, {
      strict: false,
      log: run.log,
      stopping: run.stop.stopping,
    });
    const verification = await verifyWith(read, { options, env, run, secrets: stdio.secrets });
    try {
      await writeVerification(verification, places, stdio); // first: who stops a run may not wait until all is told
    } finally {
      const items = verification.items.filter(({ verdict }) => verdict !== 'invalid'); // these have been told
      await tellVerification({ ...verification, items }, { format: options.log.format, stdio, log: run.log });
    }
    return run.stop.exitCode() ?? exitCodeOfVerification(verification);
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
  const shown = showProgressOfRun(client.traffic, { options, status, env, stop, log, clock });
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
function frontsOf({ front }: VerifyOptions): readonly BoundRegistry[] {
  return front === undefined ? [] : [{ name: front.host, serviceAccount: undefined }];
}
