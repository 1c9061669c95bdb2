import { formatReference } from '../../../image/reference.ts';
import { resolveImage } from '../../../inventory/resolve-image.ts';
import type { ReadRegistry } from '../../../ports/registry.ts';
import { promote } from '../../../promote.ts';
import {
  type ImageCopy,
  NO_MANIFESTS,
  registriesOfCopy,
  unresolvedCopy,
  wantedOf,
} from '../../../workflows/copy-image/copy-image.ts';
import type { TransferOptions } from '../../flags/options/promotion-options.ts';
import { openRunRecord } from '../../output/run-record.ts';
import { prepareReports } from '../../output/write-report.ts';
import { carryPortsOf } from '../../runtime/carry-ports.ts';
import { type Run, withRun } from '../../runtime/run-scope.ts';
import type { ProcessContext } from '../command.ts';
import { finishPromotion } from '../../output/finish-promotion.ts';

/** A complete request for the copy of one image. */
export interface CopyOptions extends TransferOptions {
  readonly copy: ImageCopy;
}

/** The copy of one image, or its dry run, from its options to its exit code. */
export function runCopy(options: CopyOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { keyFiles, caFiles, threads, proof, maxImageSize, reportAll } = options;
    const places = await prepareReports(options, { files: [...keyFiles, ...caFiles] });
    const { runtime, stop } = run;
    const { stopping, signal } = stop;
    const confirm = options.task === 'promotion';
    const registries = registriesOfCopy(options.copy).map((name) => ({ name, serviceAccount: undefined }));
    const client = await runtime.openRegistries(registries, { readOnly: !confirm });
    const { wanted, logOrigin } = await nameImage(options, { registry: client.registry, run });
    const spool = runtime.openSpool(options.spoolLimit);
    const request = { ...wanted, confirm, proof, maxImageSize, reportAll, threads };
    const { clock } = runtime;
    const record = openRunRecord({ ...context, options, places, run, logOrigin });
    const { events } = record;
    const carrying = carryPortsOf(options, client);
    const report = await run.showing(client.traffic, (progress) =>
      promote(request, { ...client, spool, clock, progress, events, carrying, stopping, signal }),
    );
    return await finishPromotion(report, { ...context, options, run, places, record });
  });
}

/** The wanted edge of a copy, and a function that logs the digest of its source. */
async function nameImage(
  { copy }: CopyOptions,
  { registry, run }: { readonly registry: ReadRegistry; readonly run: Run },
) {
  const { source } = copy;
  const { stopping } = run.stop;
  const resolved = await resolveImage(source, registry, stopping).catch((error: unknown) => {
    if (stopping.aborted) return { kind: 'unresolved', reason: 'the run was stopped' } as const;
    throw error;
  });
  if (resolved.kind === 'unresolved') {
    run.log.write('error', `source image: ${resolved.reason}`);
    return { wanted: unresolvedCopy(resolved.reason), logOrigin: undefined };
  }
  const { digest } = resolved;
  const { repository, tag } = source;
  const logOrigin = () => {
    if (tag !== undefined) run.log.write('info', `${formatReference(repository, tag)} is ${digest}`);
  };
  return { wanted: { read: NO_MANIFESTS, wanted: wantedOf(copy, digest) }, logOrigin };
}
