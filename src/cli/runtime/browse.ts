import type { OciRegistry } from '../../adapters/oci/oci-registry.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { isAbort } from '../../base/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Progress } from '../../ports/progress.ts';
import type { BrowseRegistry } from '../../ports/registry.ts';
import type { WholeRegistryReader } from '../../ports/whole-registry.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import type { RunOptions } from '../flags/options/run-options.ts';
import type { Stdio } from '../output/stdio.ts';
import { showRunProgress } from '../progress/run-progress.ts';
import type { BoundRegistry } from './bound-registries.ts';
import { type Run, withRun } from './run-scope.ts';

/** How a run looks at registries. */
export interface BrowseClient {
  readonly registry: BrowseRegistry;
  readonly whole: WholeRegistryReader;
}

/** What a run that only looks at registries works with. */
export interface Browser {
  readonly log: Log;
  readonly progress: Progress;
  /** Aborts when the run is told to stop: reading leaves nothing behind, so nothing needs to be finished. */
  readonly signal: AbortSignal;
  /** The registry client, made when it is first asked for. */
  open(registries: readonly BoundRegistry[]): Promise<BrowseClient>;
}

/** Runs what only reads registries, from its options to its exit code. */
export function browse(
  options: RunOptions & Partial<Pick<PromotionOptions, 'deadline'>>,
  { stdio, env }: { stdio: Stdio; env: NodeJS.ProcessEnv },
  run: (browser: Browser) => Promise<number>,
): Promise<number> {
  return withRun(options, stdio, async (surroundings) => {
    const { log, stop } = surroundings;
    const clock = systemClock;
    const clients: OciRegistry[] = [];
    const open = async (registries: readonly BoundRegistry[]) => {
      // the client is the heavy part of the program: loaded when it is known to be needed
      const { openRegistries } = await import('./open-registries.ts');
      const { secrets } = stdio;
      const client = await openRegistries(registries, {
        options,
        readOnly: true,
        env,
        clock,
        log,
        secrets,
      });
      clients.push(client);
      return client;
    };
    const traffic = { hosts: () => new Map(clients.flatMap((client) => Array.from(client.traffic.hosts()))) };
    const shown = showRunProgress(traffic, {
      ...surroundings,
      options: { ...options, progress: isProgressFit(options, stdio) },
      env,
      clock,
    });
    try {
      const exitCode = await run({ log, progress: shown.progress, signal: stop.stopping, open });
      for (const client of clients) {
        tellIdentities(client, log);
        tellOddNames(client, log);
      }
      return exitCode;
    } catch (error) {
      return exitCodeAfter(error, surroundings);
    } finally {
      shown.close();
      await Promise.all(clients.map((client) => client.close()));
    }
  });
}

/** On a terminal that shows the data as well, lines that are drawn over and over would cut it to pieces. */
function isProgressFit({ progress }: RunOptions, { out, err }: Stdio): boolean {
  return progress && !(out.isTTY && err.isTTY);
}

function tellIdentities({ traffic }: OciRegistry, log: Log): void {
  for (const [host, { identities }] of traffic.hosts()) {
    log.write('info', 'asked as', { host, identities: identities.join(', ') || 'nobody' });
  }
}

function tellOddNames({ invalidNames }: OciRegistry, log: Log): void {
  for (const [host, { count, example }] of invalidNames.hosts()) {
    log.write('warning', `${host} lists what is no valid name, tag or digest, so it is left out`, {
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
