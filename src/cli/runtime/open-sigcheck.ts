import type { BrowseRegistry, WriteRegistry } from '../../ports/registry.ts';
import type { SignatureVerifier, Signer } from '../../ports/signatures.ts';
import type { SourceRevision } from '../../ports/source-tree.ts';
import type { PromotionFacts } from '../../sign/promotion-statements.ts';
import type { SignatureStore } from '../../sign/signature-store.ts';
import { ExpressionError, type TextPattern } from '../../signature/identity-policy.ts';
import type { SignerRule } from '../../signature/policy/signer-rule.ts';
import { TrustedSigners } from '../../signature/policy/trusted-signers.ts';
import type { SignerIdentity } from '../../signature/stored-signature.ts';
import type { SigcheckOptions } from '../flags/options/sigcheck-options.ts';
import { InputError } from '../flags/usage-error.ts';
import { factsOf, openSigning, openStore, type SigningParts } from './open-signing.ts';
import { openVerifier, readKeys } from './open-verifier.ts';

/** What a check of signatures reads, expects and signs with. */
export interface SigcheckTools {
  readonly facts: PromotionFacts;
  readonly store: SignatureStore;
  readonly verifier: SignatureVerifier;
  readonly signer: Signer | undefined;
  readonly accepts: (signer: SignerIdentity) => boolean;
  /** The expected signer in words. */
  readonly expected: string;
}

export interface SigcheckParts extends SigningParts {
  readonly registry: WriteRegistry & BrowseRegistry;
  readonly revision: SourceRevision | undefined;
}

/** Opens verifier, signer and store. Throws an `InputFault` for files and expressions that cannot be used. */
export async function openSigcheck(
  { checked, verifier: verifying, expected }: Pick<SigcheckOptions, 'checked' | 'verifier' | 'expected'>,
  parts: SigcheckParts,
  signal: AbortSignal,
): Promise<SigcheckTools> {
  const { policy, signer } = checked;
  const { runtime, registry, finder, env, log } = parts;
  const opened =
    signer === undefined
      ? {
          facts: factsOf(env, parts.revision),
          store: openStore(policy, { registry, clock: runtime.clock, ...(finder && { finder }) }),
          verifier: await openVerifier(verifying, { runtime, env, log }, signal),
          signer: undefined,
        }
      : await openSigning({ policy, signer, verifier: verifying, summarySigner: undefined }, parts, signal);
  const ofFlags: readonly SignerRule[] =
    expected === undefined ? [] : [{ kind: 'certificate', ...expected, text: '-certificate-identity' }];
  const keys = (await Promise.all(verifying.keys.map(readKeys))).flat();
  const trusted = await TrustedSigners.compile([...ofFlags, ...keys]).catch((error: unknown) => {
    throw error instanceof ExpressionError ? new InputError(`-certificate flags: ${error.message}`) : error;
  });
  const names = [
    ...(expected === undefined ? [] : [`${textOf(expected.identity)} (${textOf(expected.issuer)})`]),
    ...(keys.length === 0 ? [] : ['a key of -signature-key']),
    ...(signer === undefined ? [] : ['the signer of this run']),
  ];
  const { facts, store, verifier } = opened;
  return {
    facts,
    store,
    verifier,
    signer: opened.signer,
    accepts: (identity) => trusted.has(identity),
    expected: names.join(' or '),
  };
}

function textOf({ kind, text }: TextPattern): string {
  return kind === 'exact' ? text : `/${text}/`;
}
