import type { VerifierOptions } from '../../adapters/sigstore/verify/open-verifier.ts';
import { AttachmentFinder } from '../../attachments/attachment-finder.ts';
import type { Verification } from '../../checks/signatures/verification.ts';
import type { PromoterManifest } from '../../manifest/model.ts';
import { isGuarding } from '../../manifest/policy/guard-sources.ts';
import type { BrowseRegistry } from '../../ports/registry.ts';
import { ExpressionError, type SignerPattern } from '../../signature/identity-policy.ts';
import type { SignerRule } from '../../signature/policy/signer-rule.ts';
import { InputError } from '../flags/usage-error.ts';
import { openVerifier, readKeys, type VerifierParts } from './open-verifier.ts';

export interface VerificationParts extends VerifierParts {
  readonly options: {
    readonly verifier: VerifierOptions;
    readonly signer: SignerPattern | undefined;
  };
  readonly client: { readonly registry: BrowseRegistry };
}

/**
 * The verification of a run; undefined without a policy and without a flag that wants it. Then nothing is loaded, and no
 * request is sent. Throws an `InputFault` for flags and files that cannot be used.
 */
export async function openVerification(
  manifests: readonly PromoterManifest[],
  { options, client, ...parts }: VerificationParts,
  signal: AbortSignal,
): Promise<(Verification & { readonly finder: AttachmentFinder }) | undefined> {
  const { verifier: verifying, signer } = options;
  const guarding = manifests.filter(isGuarding);
  if (guarding.length === 0 && signer === undefined && verifying.keys.length === 0) return undefined;
  const inlineKeys = guarding.flatMap((one) => keysOf(one).map(({ pem }) => ({ name: one.file, pem })));
  const verifier = await openVerifier({ ...verifying, inlineKeys }, parts, signal);
  const ofFlags: readonly SignerRule[] =
    signer === undefined ? [] : [{ kind: 'certificate', ...signer, text: '-certificate-identity' }];
  const signers = [...ofFlags, ...(await Promise.all(verifying.keys.map(readKeys))).flat()];
  const finder = new AttachmentFinder(client.registry);
  const ports = { finder, verifier };
  const { makeVerification } = await import('../../checks/signatures/verification.ts');
  try {
    return { ...(await makeVerification({ manifests, signers }, ports)), finder };
  } catch (error) {
    throw error instanceof ExpressionError ? new InputError(`-certificate flags: ${error.message}`) : error;
  }
}

/** The keys of the policies of a manifest. */
function keysOf({ signatures, provenance }: PromoterManifest) {
  const policies = [signatures, provenance].flatMap((one) =>
    one === undefined || one.mode === 'off' ? [] : [one.policy],
  );
  return policies.flatMap(({ signers }) => signers.flatMap((one) => (one.kind === 'key' ? [one] : [])));
}
