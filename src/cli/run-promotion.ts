import { systemClock } from '../adapters/system/clock.ts';
import type { ReadManifests } from '../manifest/model.ts';
import type { Log } from '../ports/log.ts';
import { promote } from '../promote.ts';
import type { Report } from '../report/report.ts';
import { openRegistries } from './open-registries.ts';
import type { Options } from './options.ts';
import { progressStyleOf } from './progress/progress-style.ts';
import { showProgress, systemTimers } from './progress/show-progress.ts';
import type { StatusArea } from './progress/status-area.ts';
import type { StopSignals } from './stop-signals.ts';

interface Surroundings {
  readonly options: Options;
  readonly status: StatusArea;
  readonly env: NodeJS.ProcessEnv;
  readonly stop: StopSignals;
  readonly log: Log;
}

/** A promotion or its dry run: the adapters are made here and nowhere else. */
export async function runPromotion(
  read: ReadManifests,
  { options, status, env, stop, log }: Surroundings,
): Promise<Report> {
  const { threads, task, reportAll, shard } = options;
  const clock = systemClock;
  const client = await openRegistries(read.manifests, { options, env, clock, log });
  const { stopping, signal } = stop;
  const style = progressStyleOf({ wanted: options.progress, format: options.log.format, status, env });
  const { traffic } = client;
  const shown = showProgress(style, { traffic, status, log, now: () => clock.now(), timers: systemTimers });
  stopping.addEventListener('abort', shown.close);
  try {
    const request = { read, confirm: task === 'promotion', reportAll, threads, shard };
    return await promote(request, { ...client, clock, progress: shown.progress, stopping, signal });
  } finally {
    shown.close();
    await client.close();
  }
}
