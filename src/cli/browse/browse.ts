import { isAbort } from '../../base/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Progress } from '../../ports/progress.ts';
import type { BrowseRegistry } from '../../ports/registry.ts';
import type { ProcessContext } from '../commands/command.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import type { RunOptions } from '../flags/options/run-options.ts';
import type { Stdio } from '../output/stdio.ts';
import type { BoundRegistry } from '../runtime/bound-registries.ts';
import type { RunRegistries } from '../runtime/network-clients.ts';
import type { Runtime } from '../runtime/open-runtime.ts';
import { type Run, withRun } from '../runtime/run-scope.ts';

/** How a run reads the content of registries. It cannot write. */
export interface BrowseClient extends Pick<RunRegistries, 'whole'> {
  readonly registry: BrowseRegistry;
}

/** The parts of a run that only reads registries. */
export interface Browser extends Pick<Run, 'log' | 'runtime' | 'stop'> {
  readonly progress: Progress;
  readonly runtime: Runtime;
  /** Aborts when the run is stopped: a read leaves nothing unfinished. */
  readonly signal: AbortSignal;
  /** The registry client of the run; called once. */
  open(registries: readonly BoundRegistry[]): Promise<BrowseClient>;
}

/** Runs a command that only reads registries, from its options to its exit code. */
export function browse(
  options: RunOptions & Partial<Pick<PromotionOptions, 'deadline'>>,
  context: ProcessContext,
  work: (browser: Browser) => Promise<number>,
): Promise<number> {
  const shown = { ...options, progress: isProgressFit(options, context.stdio) };
  return withRun(shown, context, async (run) => {
    const { log, stop, runtime } = run;
    let client: RunRegistries | undefined;
    const open = async (registries: readonly BoundRegistry[]) => {
      client = await runtime.openRegistries(registries, { readOnly: true });
      return client;
    };
    const traffic = { hosts: () => client?.traffic.hosts() ?? new Map() };
    try {
      const exitCode = await run.showing(traffic, (progress) =>
        work({ log, stop, runtime, progress, signal: stop.stopping, open }),
      );
      if (client !== undefined) logClient(client, log);
      return exitCode;
    } catch (error) {
      return exitCodeAfter(error, run);
    }
  });
}

/** On a terminal that shows the data as well, a progress display would overwrite it. */
function isProgressFit({ progress }: RunOptions, { out, err }: Stdio): boolean {
  return progress && !(out.isTTY && err.isTTY);
}

function logClient({ traffic, invalidNames }: RunRegistries, log: Log): void {
  for (const [host, { identities }] of traffic.hosts()) {
    log.write('info', 'identity used', { host, identities: identities.join(', ') || 'none' });
  }
  for (const [host, { count, example }] of invalidNames.hosts()) {
    log.write('warning', `${host} lists invalid names, tags or digests, which are left out`, {
      count,
      example,
    });
  }
}

/** 1 after the deadline: that is no signal. */
function exitCodeAfter(error: unknown, { stop, log }: Run): number {
  const stopped = stop.exitCode() ?? (stop.stopping.aborted ? 1 : undefined);
  if (stopped === undefined || !isAbort(error, stop.stopping)) throw error;
  log.write('warning', 'stopped: the output is not complete');
  return stopped;
}
