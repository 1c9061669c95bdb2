import type { RunSigning } from '../../../apply.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import type { RegistryName } from '../../../image/repository.ts';
import type { Log } from '../../../ports/log.ts';
import type { SigningPolicy } from '../../../sign/signing.ts';
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
  /** The destinations of the manifests. Unset: they are not known. */
  readonly destinations?: readonly RegistryName[] | undefined;
}

/** What a promotion signs with; undefined if it signs and examines nothing. Then nothing is loaded. */
export async function openRunSigning(
  options: Pick<PromotionOptions, 'signing' | 'task' | 'keyFiles'> & {
    readonly where: ManifestLocation | undefined;
  },
  { run, client, isLimited, destinations, levelOf, stdio, env }: SigningContext,
): Promise<RunSigning | undefined> {
  const { signing, task, keyFiles, where } = options;
  const isConfirmed = task === 'promotion';
  if (signing === undefined || !(isConfirmed || isLimited)) return undefined;
  const { runtime, log, stop } = run;
  warnUnusedNames(signing.policy, destinations, log);
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
  const { openSigning } = await import('../../runtime/open-signing.ts');
  return await openSigning(signing, parts, stop.stopping);
}

/** Warns of registries of flags that contain no destination: they are misspelt, and nothing is signed for them. */
function warnUnusedNames(
  { canonical, names }: Pick<SigningPolicy, 'canonical' | 'names'>,
  destinations: readonly RegistryName[] | undefined,
  log: Log,
): void {
  if (destinations === undefined) return;
  const given = [
    ...canonical.map((registry) => ({ flag: '-sign-canonical', registry })),
    ...names.map(({ registry }) => ({ flag: '-sign-reference', registry })),
  ];
  for (const { flag, registry } of given) {
    const isUsed = destinations.some(
      (one) => `${one}/`.startsWith(`${registry}/`) || `${registry}/`.startsWith(`${one}/`),
    );
    if (isUsed) continue;
    log.write('warning', `${flag} names a registry that no manifest promotes to: check its spelling`, {
      registry,
    });
  }
}
