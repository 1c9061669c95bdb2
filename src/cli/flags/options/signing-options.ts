import type { VerifierOptions } from '../../../adapters/sigstore/verify/open-verifier.ts';
import { quote } from '../../../base/text.ts';
import { parseRegistryName, type RegistryName } from '../../../image/repository.ts';
import { type PublicName, RECURSIONS, SIGN_SCOPES, type SigningPolicy } from '../../../sign/signing.ts';
import { flagsOf } from '../flag.ts';
import type { FlagValues } from '../flag-values.ts';
import { effective } from '../refuse-flags.ts';
import { UsageError } from '../usage-error.ts';
import { type SignerOptions, signerOptionsOf } from './signer-options.ts';
import { verifierOptionsOf } from './verification-options.ts';

/** What is signed after a promotion. The flags of the signer are a group of their own. */
export const SIGNING_FLAGS = flagsOf('Signing', [
  { name: 'sign', default: 'true with a signer', description: 'sign images; `=false` signs none' },
  {
    name: 'sign-recursive',
    value: 'MODE',
    default: 'joint',
    values: RECURSIONS,
    description: 'sign indexes: `joint`, `each` or `none`',
    neverEmpty: true,
  },
  { name: 'sign-legacy', default: 'true', description: 'write the tag `.sig` of cosign, too' },
  {
    name: 'sign-scope',
    value: 'SCOPE',
    default: 'all',
    values: SIGN_SCOPES,
    description: 'sign `all` images, or those just `written`',
    neverEmpty: true,
  },
  {
    name: 'sign-canonical',
    value: 'REGISTRY',
    default: 'all',
    repeatable: true,
    description: 'store signatures only there',
    neverEmpty: true,
  },
  {
    name: 'sign-reference',
    value: 'REGISTRY=NAME',
    default: 'its own',
    repeatable: true,
    description: 'name REGISTRY in signatures',
    neverEmpty: true,
  },
  { name: 'attest', default: 'true', description: 'attest promotions of signed images' },
  { name: 'verification-summaries', description: 'attest the verification of images (SLSA VSA)' },
  {
    name: 'summary-signer-account',
    value: 'ACCOUNT',
    default: '-signer-account',
    description: 'account that signs the summaries',
  },
  {
    name: 'max-signature-ops',
    value: 'N',
    default: '50',
    description: 'sign at most N images at a time',
    neverEmpty: true,
  },
]);

export interface SigningOptions {
  readonly policy: SigningPolicy;
  readonly signer: SignerOptions;
  readonly verifier: VerifierOptions;
  /** The signer of verification summaries; undefined for none. */
  readonly summarySigner: SignerOptions | undefined;
}

/** The signing of a run; undefined if it signs nothing. Throws a `UsageError`. */
export function signingOf(flags: FlagValues, env: NodeJS.ProcessEnv): SigningOptions | undefined {
  if (flags.text('sign') === 'false' || flags.isOn('parse-only')) return undefined;
  const policy = policyOf(flags);
  const signer = signerOf(flags, env);
  if (signer !== undefined)
    return {
      policy,
      signer,
      verifier: verifierOptionsOf(flags),
      summarySigner: summarySignerOf(flags, signer),
    };
  const demand = ['sign', 'verification-summaries'].find((name) => flags.isOn(name));
  if (demand === undefined) return undefined;
  throw new UsageError(`-${demand} ${NEEDS_SIGNER}, or run where CI gives a token`);
}

const NEEDS_SIGNER = 'needs a signer: give -signer-account, -identity-token, -sign-key or -sign-command';

/** Flags that have no effect without a signer. */
export function signingWarningsOf(flags: FlagValues, signing: SigningOptions | undefined): string[] {
  const given = effective(SIGNING_FLAGS, flags).filter(({ name }) => name !== 'sign');
  const isOff = signing === undefined && flags.text('sign') !== 'false' && !flags.isOn('parse-only');
  const account = flags.text('summary-signer-account');
  return [
    ...(isOff ? given.map(({ name }) => `-${name} has no effect without a signer: nothing is signed`) : []),
    ...(signing !== undefined && account && !flags.isOn('verification-summaries')
      ? ['-summary-signer-account has no effect without -verification-summaries']
      : []),
  ];
}

/** What a check of signatures expects, and the signer of its repairs. */
export interface SigcheckSigning {
  readonly policy: SigningPolicy;
  /** Undefined: nothing is repaired. */
  readonly signer: SignerOptions | undefined;
}

/** The signing of `cip sigcheck`. Throws a `UsageError` for `-confirm` without a signer. */
export function sigcheckSigningOf(
  flags: FlagValues,
  { env, confirm }: { readonly env: NodeJS.ProcessEnv; readonly confirm: boolean },
): SigcheckSigning {
  const signer = flags.text('sign') === 'false' ? undefined : signerOf(flags, env);
  if (confirm && signer === undefined) throw new UsageError(`-confirm ${NEEDS_SIGNER}`);
  return { policy: policyOf(flags), signer };
}

/** A token that CI offers signs only where -sign asks for it. */
function signerOf(flags: FlagValues, env: NodeJS.ProcessEnv): SignerOptions | undefined {
  const signer = signerOptionsOf(flags, env);
  const isAmbient = signer?.key.kind === 'keyless' && signer.key.token.kind === 'environment';
  return isAmbient && !flags.isOn('sign') ? undefined : signer;
}

function summarySignerOf(flags: FlagValues, signer: SignerOptions): SignerOptions | undefined {
  if (!flags.isOn('verification-summaries')) return undefined;
  const account = flags.text('summary-signer-account');
  return account ? { ...signer, key: { kind: 'keyless', token: { kind: 'account', account } } } : signer;
}

function policyOf(flags: FlagValues): SigningPolicy {
  return {
    recursion: choiceOf(flags, 'sign-recursive', RECURSIONS) ?? 'joint',
    scope: choiceOf(flags, 'sign-scope', SIGN_SCOPES) ?? 'all',
    legacy: flags.text('sign-legacy') !== 'false',
    attest: flags.text('attest') !== 'false',
    canonical: flags.all('sign-canonical').map((text) => registryOf('sign-canonical', text)),
    names: flags.all('sign-reference').map(publicNameOf),
    workers: workersOf(flags.text('max-signature-ops') ?? '50'),
  };
}

function choiceOf<Choice extends string>(
  flags: FlagValues,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = flags.text(name)?.toLowerCase();
  const choice = choices.find((one) => one === text);
  if (text === undefined || choice !== undefined) return choice;
  throw new UsageError(`-${name} is ${choices.join(', ')}, not ${quote(text)}`);
}

function publicNameOf(text: string): PublicName {
  const [registry = '', name = '', ...more] = text.split('=');
  if (more.length > 0 || name === '')
    throw new UsageError(`-sign-reference is REGISTRY=NAME, not ${quote(text)}`);
  return { registry: registryOf('sign-reference', registry), name: registryOf('sign-reference', name) };
}

function registryOf(flag: string, text: string): RegistryName {
  const registry = parseRegistryName(text);
  if (registry !== undefined) return registry;
  throw new UsageError(`-${flag} names a registry, such as example.com/images, not ${quote(text)}`);
}

function workersOf(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw new UsageError(`-max-signature-ops is a number above zero, not ${quote(text)}`);
}
