import type { RunSigning } from '../../../apply.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import type { PromotionOptions } from '../../flags/options/promotion-options.ts';
import type { RunRegistries } from '../../runtime/network-clients.ts';
import type { SigningParts } from '../../runtime/open-signing.ts';
import type { Run } from '../../runtime/run-scope.ts';
import type { ProcessContext } from '../command.ts';

export interface SigningContext extends ProcessContext, Pick<SigningParts, 'levelOf'> {
  readonly run: Run;
  readonly client: Pick<RunRegistries, 'registry' | 'destination'>;
  /** Whether a dry run is limited to changes, so that it may examine their signatures. */
  readonly isLimited: boolean;
}

/** What a promotion signs with; undefined if it signs and examines nothing. */
export async function openRunSigning(
  options: Pick<PromotionOptions, 'signing' | 'task' | 'keyFiles'> & {
    readonly where: ManifestLocation | undefined;
  },
  { run, client, isLimited, levelOf, stdio, env }: SigningContext,
): Promise<RunSigning | undefined> {
  const { signing, task, keyFiles, where } = options;
  const isConfirmed = task === 'promotion';
  if (signing === undefined || !(isConfirmed || isLimited)) return undefined;
  const { openSigning } = await import('../../runtime/open-signing.ts');
  const { runtime, log, stop } = run;
  const parts = {
    runtime,
    env,
    log,
    secrets: stdio.secrets,
    keyFiles,
    levelOf,
    registry: isConfirmed ? client.destination : client.registry,
    revision: where && (await runtime.openTree(where).revision(stop.stopping)),
  };
  return await openSigning(signing, parts, stop.stopping);
}
