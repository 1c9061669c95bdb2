import { tmpdir } from 'node:os';
import { systemClock } from '../adapters/system/clock.ts';
import { createDiskSpool } from '../adapters/system/disk-spool.ts';
import type { ReadManifests } from '../manifest/model.ts';
import type { Log } from '../ports/log.ts';
import { promote } from '../promote.ts';
import type { Report } from '../report/report.ts';
import { openRegistries } from './open-registries.ts';
import type { Options } from './options.ts';
import { createProgressDisplay, noProgress } from './progress-display.ts';
import type { Stdio } from './stdio.ts';
import type { StopSignals } from './stop-signals.ts';

/** A promotion or its dry run: the adapters are made here and nowhere else. */
export async function runPromotion(
  read: ReadManifests,
  {
    options,
    stdio,
    env,
    stop,
    log,
  }: { options: Options; stdio: Stdio; env: NodeJS.ProcessEnv; stop: StopSignals; log: Log },
): Promise<Report> {
  const { threads, task, reportAll } = options;
  const clock = systemClock;
  const client = await openRegistries(read.manifests, { options, env, clock, log });
  const progress =
    options.progress && stdio.err.isTTY ? createProgressDisplay(stdio, () => clock.now()) : noProgress;
  const { stopping, signal } = stop;
  const spool = createDiskSpool({ directory: spoolDirectory(env), limit: options.spoolLimit, log });
  try {
    const request = { read, confirm: task === 'promotion', reportAll, threads };
    return await promote(request, { ...client, spool, clock, progress, stopping, signal });
  } finally {
    await client.close();
  }
}

/** Where systems keep temporary files that are large; /tmp is often in memory. */
function spoolDirectory(env: NodeJS.ProcessEnv): string {
  return env['TMPDIR'] ?? (process.platform === 'win32' ? tmpdir() : '/var/tmp');
}
