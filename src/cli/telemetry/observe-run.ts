import { messageOf } from '../../base/errors.ts';
import { exitCodeOfError } from '../flags/usage-error.ts';
import { openMetricsFile } from './metrics-file.ts';
import { serveMetrics } from './metrics-server.ts';
import { RunObserver, type Sink } from './run-observer.ts';
import { isTraced, type Telemetry, type TelemetryParts } from './telemetry.ts';

/** Observes a run for its metrics and traces. Throws an `InputError` if they cannot be published. */
export async function observeRun(parts: TelemetryParts): Promise<Telemetry> {
  const { log, clock } = parts;
  const sinks: Sink[] = [];
  const observer = new RunObserver(clock, (phase) => {
    for (const sink of sinks) sink.phaseEnded?.(phase);
  });
  const metrics = await openMetrics(parts, observer);
  sinks.push(...(await openTracesIfWanted(parts)), ...metrics); // metrics last: their failure is that of the run
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

async function openMetrics(
  { options: { metrics }, log, stdio }: TelemetryParts,
  observer: RunObserver,
): Promise<readonly Sink[]> {
  if (metrics === undefined) return [];
  if (metrics.kind === 'file') return [await openMetricsFile(metrics.path, stdio)];
  return [await serveMetrics(metrics, { read: () => observer.read(), log, secrets: stdio.secrets })];
}

/** Traces that cannot be exported are a warning: a run never depends on them. */
async function openTracesIfWanted(parts: TelemetryParts): Promise<readonly Sink[]> {
  if (!isTraced(parts)) return [];
  try {
    const { openTraces } = await import('./traces.ts');
    return [openTraces(parts)];
  } catch (error) {
    parts.log.write('warning', `traces are not exported: ${messageOf(error)}`);
    return [];
  }
}
