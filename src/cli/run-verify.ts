import { systemClock } from '../adapters/system/clock.ts';
import { renderVerificationMarkdown } from '../doors/verify/render-markdown.ts';
import { renderVerificationLine, renderVerificationTables } from '../doors/verify/render-text.ts';
import { exitCodeOfVerification, type Verification } from '../doors/verify/verification.ts';
import { verify } from '../doors/verify/verify.ts';
import type { ReadManifests } from '../manifest/model.ts';
import type { Log } from '../ports/log.ts';
import { renderJson } from '../report/render-json.ts';
import { logFinish } from './logger.ts';
import { type BoundRegistry, registriesOf } from './make-keychain.ts';
import { openRegistries } from './open-registries.ts';
import { showProgressOfRun } from './progress/progress-of-run.ts';
import { readWanted } from './read-wanted.ts';
import { inputsOf } from './report-inputs.ts';
import { type Stdio, tell } from './stdio.ts';
import type { VerifyOptions } from './verify-options.ts';
import { type Run, withRun } from './with-run.ts';
import { prepareReports, type ReportPlaces, writeRenderings } from './write-report.ts';

/** `cip verify` from its options to its exit code. */
export function runVerify(options: VerifyOptions, stdio: Stdio, env: NodeJS.ProcessEnv): Promise<number> {
  return withRun(options, stdio, async (run) => {
    const places = await prepareReports(options, inputsOf(options));
    const read = await readWanted(options.where, {
      strict: false,
      log: run.log,
      stopping: run.stop.stopping,
    });
    const verification = await verifyWith(read, { options, env, run });
    await conclude(verification, { options, places, stdio, log: run.log });
    return run.stop.exitCode() ?? exitCodeOfVerification(verification);
  });
}

async function verifyWith(
  read: ReadManifests,
  { options, env, run: { log, stop, status } }: { options: VerifyOptions; env: NodeJS.ProcessEnv; run: Run },
): Promise<Verification> {
  const clock = systemClock;
  const client = await openRegistries([...registriesOf(read.manifests), ...frontsOf(options)], {
    options,
    readOnly: true,
    env,
    clock,
    log,
  });
  const shown = showProgressOfRun(client.traffic, { options, status, env, stop, log, clock });
  const { progress } = shown;
  try {
    return await verify({ ...options, read }, { ...client, clock, progress, stopping: stop.stopping });
  } finally {
    shown.close();
    await client.close();
  }
}

/** What is asked instead of the destinations. */
function frontsOf({ front }: VerifyOptions): readonly BoundRegistry[] {
  return front === undefined ? [] : [{ name: front.host, serviceAccount: undefined }];
}

async function conclude(
  verification: Verification,
  { places, ...telling }: { options: VerifyOptions; places: ReportPlaces; stdio: Stdio; log: Log },
): Promise<void> {
  const renderings = {
    json: () => renderJson(verification),
    markdown: () => [renderVerificationMarkdown(verification)],
  };
  try {
    await writeRenderings(renderings, places, telling.stdio); // first: who stops a run may not wait until all is told
  } finally {
    await tellVerification(verification, telling);
  }
}

async function tellVerification(
  verification: Verification,
  { options, stdio, log }: { options: VerifyOptions; stdio: Stdio; log: Log },
): Promise<void> {
  for (const item of verification.items) {
    const level = item.verdict === 'present' ? 'info' : 'error';
    if (item.verdict !== 'invalid') log.write(level, renderVerificationLine(item)); // invalid ones have been told
  }
  for (const [host, { identities, requests }] of Object.entries(verification.hosts)) {
    if (requests > 0) log.write('info', 'asked as', { host, identities: identities.join(', ') || 'nobody' });
  }
  if (options.log.format === 'json') logSummary(verification, { stdio, log });
  else await tell(stdio.err, `\n${renderVerificationTables(verification)}\n`);
}

/** What the tables tell, for machines. */
function logSummary(
  { mode, stopped, durationMs, summary, hosts }: Verification,
  { stdio, log }: { stdio: Stdio; log: Log },
): void {
  for (const [host, { edges, identities, ...traffic }] of Object.entries(hosts)) {
    log.write('info', 'host', { host, ...edges, ...traffic, identities: identities.join(', ') });
  }
  logFinish({ mode, stopped, durationMs, ...summary }, stdio);
}
