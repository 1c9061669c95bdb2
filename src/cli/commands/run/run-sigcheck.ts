import { AttachmentFinder } from '../../../attachments/attachment-finder.ts';
import { COSIGN_SUFFIXES, type CosignSuffix } from '../../../image/attachment-tags.ts';
import { hostRegistryOf } from '../../../image/repository.ts';
import type { ReadManifests } from '../../../manifest/model.ts';
import type { SignatureCheck } from '../../../report/sigcheck/sigcheck.ts';
import { sigcheckSentence } from '../../../report/summary/verdict.ts';
import { sigcheck } from '../../../workflows/sigcheck/sigcheck.ts';
import type { SigcheckOptions } from '../../flags/options/sigcheck-options.ts';
import { concludeCheck } from '../../output/conclude-run.ts';
import { manifestFrames } from '../../output/manifest-frames.ts';
import { inputsAt } from '../../output/report-inputs.ts';
import { prepareReports } from '../../output/write-report.ts';
import { type BoundRegistry, registriesOf } from '../../runtime/bound-registries.ts';
import { carryPortsOf } from '../../runtime/carry-ports.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import { openSigcheck } from '../../runtime/open-sigcheck.ts';
import { openVerification } from '../../runtime/open-verification.ts';
import { type Run, withRun } from '../../runtime/run-scope.ts';
import type { ProcessContext } from '../command.ts';

/** `cip sigcheck` from its options to its exit code. */
export function runSigcheck(options: SigcheckOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { log, stop } = run;
    const { where } = options;
    const isSummarized = options.log.format === 'text';
    const countLevel = isSummarized ? 'debug' : 'info'; // the first line has the same counts
    const places = await prepareReports(options, inputsAt(where, filesOf(options)));
    const loading = { strict: false, countLevel, log, stopping: stop.stopping } as const;
    const read = where === undefined ? referencedBy(options) : await loadManifests(where, loading);
    if (isSummarized) run.print(sigcheckSentence({ manifests: read.counts, shard: options.shard }));
    const report = await checkWith(read, { options, run, context });
    return await concludeCheck(report, {
      ...context,
      run,
      options,
      places,
      frameOf: where && manifestFrames(where),
    });
  });
}

/** Input files that a report must not overwrite. */
function filesOf({ keyFiles, caFiles, verifier, checked }: SigcheckOptions): readonly string[] {
  const key = checked.signer?.key;
  return [...keyFiles, ...caFiles, ...verifier.keys, ...(key?.kind === 'file' ? [key.file] : [])];
}

function referencedBy({ references = [] }: SigcheckOptions): ReadManifests {
  const { length } = references;
  return { manifests: [], problems: [], counts: { projects: 0, images: length, digests: length } };
}

const DAY = 24 * 60 * 60 * 1000;

async function checkWith(
  read: ReadManifests,
  {
    options,
    run,
    context,
  }: { readonly options: SigcheckOptions; readonly run: Run; readonly context: ProcessContext },
): Promise<SignatureCheck> {
  const { where, checked, fromDays, toDays, attestationsSince, task, keyFiles, carry } = options;
  const { runtime, log } = run;
  const { stopping, signal } = run.stop;
  const { clock } = runtime;
  const confirm = task === 'promotion';
  const client = await runtime.openRegistries(registriesIn(read, options), { readOnly: !confirm });
  const registry = confirm ? client.destination : client.registry;
  const revision = where && (await runtime.openTree(where).revision(stopping));
  const finder = new AttachmentFinder(registry, { suffixes: suffixesOf(options) });
  const parts = {
    runtime,
    finder,
    env: context.env,
    log,
    secrets: context.stdio.secrets,
    keyFiles,
    registry,
    revision,
  };
  const tools = await openSigcheck(options, parts, stopping);
  const before = (days: number | undefined) =>
    days === undefined ? undefined : clock.wallTime() - days * DAY;
  const request = {
    ...options,
    ...tools,
    read,
    policy: checked.policy,
    age: { from: before(fromDays), to: before(toDays), attestationsSince },
    confirm,
  };
  const accepting = { options, client, runtime, env: context.env, log };
  const verification =
    carry?.mode === 'accepted' ? await openVerification(read.manifests, accepting, stopping) : undefined;
  const carrying = where && carryPortsOf(options, { ...client, ...verification });
  const { traffic } = client;
  const ports = {
    registry,
    traffic,
    clock,
    stopping,
    signal,
    carrying: carrying && { ...carrying, present: finder },
    spool: runtime.openSpool(options.spoolLimit),
  };
  return await run.showing(traffic, (progress) => sigcheck(request, { ...tools, ...ports, progress }));
}

/** The suffixes of the cosign tags that the check needs. */
function suffixesOf({ carry, checked, where }: SigcheckOptions): readonly CosignSuffix[] {
  if (carry === undefined || where === undefined) return checked.policy.legacy ? ['sig'] : [];
  return carry.mode === 'all' ? COSIGN_SUFFIXES : ['sig', 'att'];
}

function registriesIn(
  { manifests }: ReadManifests,
  { references = [] }: SigcheckOptions,
): readonly BoundRegistry[] {
  const named = references.map(({ repository }) => ({
    name: hostRegistryOf(repository),
    serviceAccount: undefined,
  }));
  return [...registriesOf(manifests), ...named];
}
