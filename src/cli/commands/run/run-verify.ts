import type { ReadManifests } from '../../../manifest/model.ts';
import type { Verification } from '../../../report/report.ts';
import { verifySentence } from '../../../report/summary/verdict.ts';
import type { Mirror } from '../../../workflows/verify/mirror.ts';
import type { Repair } from '../../../workflows/verify/repair/repair.ts';
import { verify } from '../../../workflows/verify/verify.ts';
import type { PromotionOptions } from '../../flags/options/promotion-options.ts';
import { concludeCheck } from '../../output/conclude-run.ts';
import { writeLive } from '../../output/live-log.ts';
import { styleOf } from '../../output/log-report.ts';
import type { LineLog } from '../../output/logger.ts';
import { manifestFrames } from '../../output/manifest-frames.ts';
import { inputsOf } from '../../output/report-inputs.ts';
import { prepareReports } from '../../output/write-report.ts';
import { type BoundRegistry, registriesOf } from '../../runtime/bound-registries.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import { type Run, withRun } from '../../runtime/run-scope.ts';
import type { ProcessContext } from '../command.ts';

/** A complete and consistent request for a verification. */
export interface VerifyOptions extends PromotionOptions {
  readonly deep: boolean;
  readonly mirror: Mirror | undefined;
  /** Whether damaged images are repaired; only where `task` is `promotion` something is written. */
  readonly repair: boolean;
}

/** `cip verify` from its options to its exit code. */
export function runVerify(options: VerifyOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { log, stop } = run;
    const { shard, where } = options;
    const isSummarized = options.log.format === 'text';
    const countLevel = isSummarized ? 'debug' : 'info'; // the first line has the same counts
    if (shard !== undefined) log.write(countLevel, 'one shard of the verification', { ...shard });
    const places = await prepareReports(options, inputsOf(options));
    const read = await loadManifests(where, { strict: false, countLevel, log, stopping: stop.stopping });
    if (isSummarized)
      run.print(verifySentence({ manifests: read.counts, shard, via: options.mirror?.host ?? null }));
    const verification = await verifyWith(read, {
      options,
      run,
      ended: logRepair(options, { ...context, log }),
    });
    return await concludeCheck(verification, {
      ...context,
      run,
      options,
      places,
      frameOf: manifestFrames(where),
    });
  });
}

async function verifyWith(
  read: ReadManifests,
  {
    options,
    run,
    ended,
  }: { readonly options: VerifyOptions; readonly run: Run; readonly ended: (repair: Repair) => void },
): Promise<Verification> {
  const { runtime } = run;
  const { clock } = runtime;
  const { stopping, signal } = run.stop;
  const isConfirmed = options.repair && options.task === 'promotion';
  const registries = [...registriesOf(read.manifests), ...mirrorOf(options)];
  const client = await runtime.openRegistries(registries, { readOnly: !isConfirmed });
  const spool = runtime.openSpool(options.spoolLimit);
  const writing = isConfirmed ? { registry: client.destination, spool, clock, signal, ended } : undefined;
  return await run.showing(client.traffic, (progress) =>
    verify({ ...options, read }, { ...client, clock, progress, stopping, writing }),
  );
}

/** Logs the repair of each image when it has ended; a log in the words of the original has its pieces at the end. */
function logRepair(
  options: VerifyOptions,
  { log, ...context }: ProcessContext & { readonly log: LineLog },
): (repair: Repair) => void {
  const style = styleOf({ options, ...context });
  return ({ image: { destination, digest }, flaw }) => {
    const result = flaw?.kind ?? 'present';
    const level = result === 'repaired' || result === 'present' ? 'info' : 'error';
    const subject = `${destination}@${digest}`;
    const reason = flaw?.reason ?? 'nothing had to be sent';
    if (log.format === 'json') log.write(level, 'repair', { result, image: subject, reason });
    if (log.format !== 'text') return;
    writeLive(
      { level, word: result, text: `${subject}: ${reason}` },
      { log, style, detail: options.log.detail },
    );
  };
}

/** The registry that is queried instead of the destinations. */
function mirrorOf({ mirror }: VerifyOptions): readonly BoundRegistry[] {
  return mirror === undefined ? [] : [{ name: mirror.host, serviceAccount: undefined }];
}
