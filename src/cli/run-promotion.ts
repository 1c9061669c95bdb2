import { systemClock } from '../adapters/system/clock.ts';
import type { ReadManifests } from '../manifest/model.ts';
import type { Log } from '../ports/log.ts';
import { promote } from '../promote.ts';
import type { Report } from '../report/report.ts';
import { makeClient } from './make-client.ts';
import { registriesOf } from './make-keychain.ts';
import type { Options } from './options.ts';
import { createProgressDisplay, noProgress } from './progress-display.ts';
import type { Stdio } from './stdio.ts';
import type { StopSignals } from './stop-signals.ts';

/** A promotion or its dry run. */
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
  const readOnly = task !== 'promotion';
  const client = await makeClient(registriesOf(read.manifests), { options, env, log, readOnly });
  const progress =
    options.progress && stdio.err.isTTY ? createProgressDisplay(stdio, () => clock.now()) : noProgress;
  const { stopping, signal } = stop;
  try {
    const request = { read, confirm: task === 'promotion', reportAll, threads };
    return await promote(request, { ...client, clock, progress, stopping, signal });
  } finally {
    await client.close();
  }
}
