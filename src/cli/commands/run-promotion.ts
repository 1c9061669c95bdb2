import { systemClock } from '../../adapters/system/clock.ts';
import { createDiskSpool } from '../../adapters/system/disk-spool.ts';
import type { Secrets } from '../../base/secrets.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import type { Log } from '../../ports/log.ts';
import { promote } from '../../promote.ts';
import type { RunReport } from '../../report/report.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import { showRunProgress } from '../progress/run-progress.ts';
import type { StatusArea } from '../progress/status-area.ts';
import { registriesOf } from '../runtime/bound-registries.ts';
import { openRegistries } from '../runtime/open-registries.ts';
import { spoolDirectory } from '../runtime/run-scope.ts';
import type { StopSignals } from '../runtime/stop-signals.ts';

interface Surroundings {
  readonly options: PromotionOptions;
  readonly status: StatusArea;
  readonly env: NodeJS.ProcessEnv;
  readonly stop: StopSignals;
  readonly log: Log;
  readonly secrets: Secrets;
}

/** A promotion or its dry run. */
export async function runPromotion(
  read: ReadManifests,
  { options, status, env, stop, log, secrets }: Surroundings,
): Promise<RunReport> {
  const { threads, task, reportAll, shard, siblings, proof, maxImageSize } = options;
  const clock = systemClock;
  const client = await openRegistries(registriesOf(read.manifests), {
    options,
    readOnly: task !== 'promotion',
    env,
    clock,
    log,
    secrets,
  });
  const { stopping, signal } = stop;
  const spool = createDiskSpool({ directory: spoolDirectory(env), limit: options.spoolLimit, log });
  const shown = showRunProgress(client.traffic, { options, status, env, stop, log, clock });
  const { progress } = shown;
  try {
    const confirm = task === 'promotion';
    const request = {
      read,
      confirm,
      proof,
      maxImageSize,
      reportAll,
      threads,
      shard,
      siblings,
    };
    return await promote(request, { ...client, spool, clock, progress, stopping, signal });
  } finally {
    shown.close();
    await client.close();
  }
}
