import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createBareClone } from '../../../adapters/git/bare-clone.ts';
import { createManifestDirectory } from '../../../adapters/system/manifest-directory.ts';
import { Alerter } from '../../../auditor/alerts/alerter.ts';
import { AlertWebhook } from '../../../auditor/alerts/webhook.ts';
import { Auditor } from '../../../auditor/auditor.ts';
import { noCounts } from '../../../auditor/counts.ts';
import { ManifestStore } from '../../../auditor/manifests/manifest-store.ts';
import {
  type AuditServer,
  type ServerParts,
  startAuditServer,
} from '../../../auditor/server/audit-server.ts';
import { ChildFinder } from '../../../auditor/verdict/child-finder.ts';
import { messageOf } from '../../../base/errors.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ManifestSource } from '../../../ports/manifest-source.ts';
import { type AuditServeOptions, auditServeOptionsOf } from '../../flags/options/audit-serve-options.ts';
import { InputError } from '../../flags/usage-error.ts';
import { createServiceLog, type ServiceLog } from '../../output/service-log.ts';
import { VERSION } from '../../output/version.ts';
import { openExtraImages } from '../../runtime/extra-images.ts';
import { openRuntime, type Runtime, spoolDirectory } from '../../runtime/open-runtime.ts';
import { catchWarnings } from '../../runtime/run-scope.ts';
import { openSenderAuth } from '../../runtime/sender-auth.ts';
import { catchStopSignals, type StopSignals } from '../../runtime/stop-signals.ts';
import { renderAuditorMetrics } from '../../telemetry/auditor-metrics.ts';
import type { Given, ProcessContext } from '../command.ts';

/** Milliseconds that messages in flight get after the first SIGTERM. */
const GRACE = 10_000;
/** Milliseconds between two attempts to fetch manifests after a failure. */
const RETRY_INTERVAL = 10_000;
/** Milliseconds between two reads of a directory, or two fetches of a repository, at least. */
const DIRECTORY_LIMITS = { maxAge: 1_000, minInterval: 50 };
const GIT_INTERVAL = 1_000;
/** Milliseconds that a scheduled fetch may take before messages wait for it. */
const FETCH_DELAY = 5_000;

/** `cip audit serve` until a signal ends it. Resolves to the exit code. Throws a `UsageError` for invalid flags. */
export async function runAuditServe({ flags, env: given }: Given, context: ProcessContext): Promise<number> {
  const options = auditServeOptionsOf(flags, given);
  const { env, stdio } = context;
  const log = createServiceLog(stdio.out, {
    level: options.log.level,
    project: options.project,
    now: Date.now,
  });
  const releaseWarnings = catchWarnings(log);
  const stop = catchStopSignals(GRACE);
  const runtime = openRuntime({ options, env, log, secrets: stdio.secrets });
  let cache: string | undefined;
  try {
    hideSecrets(options, context);
    if (options.manifests.kind === 'git') cache = await makeCache(spoolDirectory(env));
    return await serve(options, { context, log, stop, runtime, source: openSource(options, cache, env) });
  } finally {
    await runtime.close();
    if (cache !== undefined) await rm(cache, { recursive: true, force: true });
    stop.release();
    releaseWarnings();
  }
}

interface Scope {
  readonly context: ProcessContext;
  readonly log: ServiceLog;
  readonly stop: StopSignals;
  readonly runtime: Runtime;
  readonly source: ManifestSource;
}

async function serve(options: AuditServeOptions, scope: Scope): Promise<number> {
  const { log, stop, runtime, source, context } = scope;
  const { clock } = runtime;
  const { registry } = await runtime.openRegistries([], { readOnly: true });
  const fetch = await runtime.openFetch();
  const counts = noCounts();
  const store = new ManifestStore({ source, clock, signal: stop.signal, ...limitsOf(options) });
  const webhook = openWebhook(options, { fetch, signal: stop.signal, log, counts });
  const alerter = new Alerter((text) => webhook?.send(text), counts.alerts);
  const extra = await openExtraImages(options, {
    now: () => clock.monotonic(),
    onFailure: (reason) =>
      log.write('error', 'plan or report not read: the images of the last read stay allowed', { reason }),
  });
  const auditor = new Auditor({
    id: options.id ?? randomUUID(),
    version: VERSION,
    store,
    registry,
    children: new ChildFinder(registry, stop.signal),
    extra,
    alerter,
    counts,
    clock,
    log: log.entry,
  });
  const server = await listen(options, {
    audit: (request, signal) => auditor.audit(request, signal),
    authorize: await openSenderAuth(options.auth, { fetch, secrets: context.stdio.secrets }),
    unreadiness: () =>
      store.state.error ?? (store.state.loaded === undefined ? 'manifests not read yet' : undefined),
    renderMetrics: () => renderAuditorMetrics({ counts, store: store.state, now: clock.monotonic() }),
    counts,
    onError: (reason) => log.write('error', 'message not answered', { reason }),
    signal: stop.signal,
  });
  announce(options, server, scope);
  await refreshUntilStopped({ store, alerter, clock, interval: options.fetchInterval, log }, stop.stopping);
  log.write('info', 'stopping', { inFlight: counts.inFlight });
  await server.close();
  await webhook?.drained();
  return stop.exitCode() ?? 0;
}

function limitsOf({ manifests, fetchInterval }: AuditServeOptions) {
  if (manifests.kind === 'directory') return DIRECTORY_LIMITS;
  return { maxAge: fetchInterval + FETCH_DELAY, minInterval: Math.min(GIT_INTERVAL, fetchInterval) };
}

interface Refresh {
  readonly store: ManifestStore;
  readonly alerter: Alerter;
  readonly clock: Clock;
  readonly interval: number;
  readonly log: ServiceLog;
}

/** Fetches the manifests at intervals, so that readiness shows failures between messages, too. */
async function refreshUntilStopped(
  { store, alerter, clock, interval, log }: Refresh,
  stopping: AbortSignal,
): Promise<void> {
  let commit: string | undefined;
  while (!stopping.aborted) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- sequential by design
      const { version, projects, broken } = await store.fresh(stopping);
      if (version.id !== commit) log.write('info', 'manifests read', { version: version.id, projects });
      for (const reason of broken)
        if (version.id !== commit) log.write('error', 'manifest cannot be read', { reason });
      commit = version.id;
    } catch (error) {
      if (!stopping.aborted) log.write('error', 'manifests cannot be read', { reason: messageOf(error) });
    }
    const wait = store.state.error === undefined ? interval : Math.min(interval, RETRY_INTERVAL);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await clock.sleep(wait, stopping).catch(() => {});
    alerter.flush(clock.monotonic());
  }
}

async function makeCache(parent: string): Promise<string> {
  return await mkdtemp(join(parent, 'cip-auditor-')).catch((error: unknown) => {
    const reason = messageOf(error);
    throw new InputError(
      `cannot create a directory for the clone of the manifests: ${reason}: set TMPDIR to a writable directory`,
    );
  });
}

function openSource({ manifests }: AuditServeOptions, cache = '', env: NodeJS.ProcessEnv): ManifestSource {
  if (manifests.kind === 'directory') return createManifestDirectory(manifests.path);
  return createBareClone({ ...manifests, directory: cache, env });
}

function openWebhook(
  { alertWebhook: url }: AuditServeOptions,
  parts: {
    readonly fetch: typeof fetch;
    readonly signal: AbortSignal;
    readonly log: ServiceLog;
    readonly counts: ServerParts['counts'];
  },
): AlertWebhook | undefined {
  if (url === undefined) return undefined;
  const onFailure = (reason: string) => {
    parts.counts.alerts.failed += 1;
    parts.log.write('error', 'alert not delivered', { reason });
  };
  return new AlertWebhook({ url, fetch: parts.fetch, signal: parts.signal, onFailure });
}

async function listen(options: AuditServeOptions, parts: ServerParts): Promise<AuditServer> {
  try {
    return await startAuditServer({ ...options.listen, maxMessages: options.maxMessages }, parts);
  } catch (error) {
    const advice = 'set PORT to a free port and -host to an address of this machine';
    throw new InputError(`cannot listen: ${messageOf(error)}: ${advice}`);
  }
}

function announce(options: AuditServeOptions, { port }: AuditServer, { log, source }: Scope): void {
  const { host } = options.listen;
  for (const warning of options.warnings) log.write('warning', warning);
  log.write('info', 'listening', {
    port,
    host: host ?? 'all addresses',
    manifests: source.name,
    version: VERSION,
  });
  if (options.auth.kind === 'none' && !isLoopback(host)) {
    log.write('warning', '-no-auth: every message is accepted: restrict access to the port', {
      port,
    });
  }
}

function isLoopback(host: string | undefined): boolean {
  if (host === undefined) return false;
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** URLs may have passwords in them. */
function hideSecrets(
  { manifests, alertWebhook }: AuditServeOptions,
  { stdio: { secrets } }: ProcessContext,
): void {
  const urls = [manifests.kind === 'git' ? manifests.url : '', alertWebhook ?? ''];
  for (const url of urls.filter((text) => URL.canParse(text))) {
    const { password, username, pathname, search } = new URL(url);
    if (password !== '') secrets.add(decodeURIComponent(password));
    else if (username !== '' && /^https?:/.test(url)) secrets.add(decodeURIComponent(username));
    if (url === alertWebhook) for (const part of [pathname, search]) secrets.add(part);
  }
}
