import { messageOf } from '../../base/errors.ts';
import { exitCodeOfError } from '../flags/usage-error.ts';
import { openMetricsFile } from './metrics-file.ts';
import { serveMetrics } from './metrics-server.ts';
import { RunObserver, type Sink } from './observed-run.ts';
import type { Telemetry, TelemetryParts } from './telemetry.ts';

/** Observes a run for its metrics. Throws an `InputError` if they cannot be published. */
export async function observeRun(parts: TelemetryParts): Promise<Telemetry> {
  const { log, clock } = parts;
  const observer = new RunObserver(clock);
  const sinks = await openSinks(parts, observer);
  const end = async (exitCode: number) => {
    const run = observer.end(exitCode);
    for (const sink of sinks) await sink.close(run);
  };
  return {
    during: async (work) => {
      let exitCode: number;
      try {
        exitCode = await work();
      } catch (error) {
        await end(exitCodeOfError(error)).catch((failure: unknown) => log.write('error', messageOf(failure)));
        throw error;
      }
      await end(exitCode);
      return exitCode;
    },
    watch: (traffic, progress) => observer.watch(traffic, progress),
    reported: (report) => observer.reported(report),
    imageEnded: (image) => {
      for (const sink of sinks) sink.imageEnded?.(image);
    },
  };
}

async function openSinks(
  { options: { metrics }, log, stdio }: TelemetryParts,
  observer: RunObserver,
): Promise<readonly Sink[]> {
  if (metrics === undefined) return [];
  if (metrics.kind === 'file') return [await openMetricsFile(metrics.path, stdio)];
  return [await serveMetrics(metrics, { read: () => observer.read(), log, secrets: stdio.secrets })];
}
