import { isAbort, messageOf } from '../base/errors.ts';
import type { Log } from '../ports/log.ts';
import type { Progress } from '../ports/progress.ts';
import type { BrowseRegistry } from '../ports/registry.ts';
import type { OciRegistry } from '../adapters/oci/oci-registry.ts';
import { createLogger } from './logger.ts';
import type { BoundRegistry } from './make-keychain.ts';
import type { RunOptions } from './options.ts';
import { createProgressDisplay, noProgress } from './progress-display.ts';
import type { Stdio } from './stdio.ts';
import { catchStopSignals, type StopSignals } from './stop-signals.ts';
import { exitCodeOfError } from './usage-error.ts';

/** What a run that only looks at registries works with. */
export interface Browser {
  readonly log: Log;
  readonly progress: Progress;
  /** Aborts when the run is told to stop: reading leaves nothing behind, so nothing needs to be finished. */
  readonly signal: AbortSignal;
  /** The registry client, made when it is first asked for. */
  open(registries: readonly BoundRegistry[]): Promise<BrowseRegistry>;
}

/** Runs what only reads registries, from its options to its exit code. */
export async function browse(
  options: RunOptions,
  { stdio, env }: { stdio: Stdio; env: NodeJS.ProcessEnv },
  run: (browser: Browser) => Promise<number>,
): Promise<number> {
  const log = createLogger(stdio, options.log, Date.now);
  const stop = catchStopSignals();
  const clients: OciRegistry[] = [];
  const open = async (registries: readonly BoundRegistry[]) => {
    // the client is the heavy part of the program: loaded when it is known to be needed
    const { makeClient } = await import('./make-client.ts');
    const client = await makeClient(registries, { options, env, log, readOnly: true });
    clients.push(client);
    return client.registry;
  };
  try {
    for (const warning of options.warnings) log.write('warning', warning);
    const progress = progressFor(options, stdio);
    const exitCode = await run({ log, progress, signal: stop.stopping, open });
    for (const client of clients) tellIdentities(client, log);
    return exitCode;
  } catch (error) {
    return exitCodeAfter(error, { stop, log, format: options.log.format });
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    stop.release();
  }
}

/** On a terminal that shows the data as well, a line that is drawn over and over would cut it to pieces. */
function progressFor({ progress }: RunOptions, stdio: Stdio): Progress {
  const hasOwnLine = stdio.err.isTTY && !stdio.out.isTTY;
  return progress && hasOwnLine ? createProgressDisplay(stdio, Date.now) : noProgress;
}

function tellIdentities({ traffic }: OciRegistry, log: Log): void {
  for (const [host, { identities }] of traffic.hosts()) {
    log.write('info', 'asked as', { host, identities: identities.join(', ') || 'anonymous' });
  }
}

function exitCodeAfter(
  error: unknown,
  { stop, log, format }: { stop: StopSignals; log: Log; format: 'text' | 'json' },
): number {
  const stopped = stop.exitCode();
  if (stopped !== undefined && isAbort(error, stop.stopping)) {
    log.write('warning', 'stopped: the output is not complete');
    return stopped;
  }
  if (format === 'text') throw error;
  log.write('error', messageOf(error)); // a collector of JSON takes no other line
  return exitCodeOfError(error);
}
