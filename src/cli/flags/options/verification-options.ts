import type { TrustSource, VerifierOptions } from '../../../adapters/sigstore/verify/open-verifier.ts';
import { quote } from '../../../base/text.ts';
import { type SignerPattern, signerOfFlags } from '../../../signature/identity-policy.ts';
import { flagsOf } from '../flag.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';

/** The trusted root and keys of verification. */
export const VERIFICATION_FLAGS = flagsOf('Signatures', [
  {
    name: 'trusted-root',
    value: 'FILE',
    default: 'public Sigstore',
    description: 'verify against this root (JSON)',
    neverEmpty: true,
  },
  {
    name: 'tuf-mirror',
    value: 'URL',
    description: 'get the trusted root from this TUF repository',
    neverEmpty: true,
  },
  {
    name: 'tuf-root',
    value: 'FILE',
    description: 'start the updates of `-tuf-mirror` from this root metadata',
    neverEmpty: true,
  },
  {
    name: 'signature-key',
    value: 'FILE',
    repeatable: true,
    description: 'accept signatures by this public key (PEM)',
    neverEmpty: true,
  },
]);

/** The signer of images at their sources. An empty value counts as none if another flag has one, as in kpromo. */
export const CERTIFICATE_FLAGS = flagsOf('Signatures', [
  {
    name: 'certificate-identity',
    value: 'IDENTITY',
    description: 'verify existing signatures: the identity of their signer',
  },
  {
    name: 'certificate-identity-regexp',
    value: 'REGEXP',
    description: 'the same by an RE2 expression for the whole identity',
  },
  {
    name: 'certificate-oidc-issuer',
    value: 'URL',
    description: 'the OIDC issuer of that identity',
  },
  {
    name: 'certificate-oidc-issuer-regexp',
    value: 'REGEXP',
    description: 'the same by an RE2 expression for the whole issuer',
  },
]);

/** The defaults of kpromo. They count once one of the flags is given: without any, nothing is verified. */
const DEFAULT_IDENTITY = 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com';
const DEFAULT_ISSUER = 'https://accounts.google.com';

/** The signer that kpromo expects where no flag names one. */
export const DEFAULT_SIGNER: SignerPattern = {
  identity: { kind: 'exact', text: DEFAULT_IDENTITY },
  issuer: { kind: 'exact', text: DEFAULT_ISSUER },
};

/**
 * The signer of the certificate flags; undefined if none is given. Expressions are not compiled here. Throws a `UsageError`
 * if all given flags are empty: an unset variable of a script must not turn off verification.
 */
export function certificateSignerOf(flags: FlagValues): SignerPattern | undefined {
  const [identity, identityRegexp, issuer, issuerRegexp] = CERTIFICATE_FLAGS.map(({ name }) =>
    flags.text(name),
  );
  if (![identity, identityRegexp, issuer, issuerRegexp].some(Boolean)) {
    const empty = CERTIFICATE_FLAGS.find(({ name }) => flags.isGiven(name));
    if (empty === undefined) return undefined;
    throw new UsageError(`-${empty.name} is empty, so it names no signer: give a value, or leave it out`);
  }
  return signerOfFlags({
    identity: identity || DEFAULT_IDENTITY,
    identityRegexp,
    issuer: issuer || DEFAULT_ISSUER,
    issuerRegexp,
  });
}

/** Throws a `UsageError`. */
export function verifierOptionsOf(flags: FlagValues): VerifierOptions {
  return { trust: trustOf(flags), keys: flags.all('signature-key') };
}

function trustOf(flags: FlagValues): TrustSource {
  const [path, mirror, root] = ['trusted-root', 'tuf-mirror', 'tuf-root'].map((name) => flags.text(name));
  if (mirror === undefined) {
    if (root !== undefined) throw new UsageError('-tuf-root goes with -tuf-mirror=URL only');
    return path === undefined ? { kind: 'shipped' } : { kind: 'file', path };
  }
  if (path !== undefined)
    throw new UsageError('-trusted-root and -tuf-mirror contradict each other: give one');
  const url = URL.canParse(mirror) ? new URL(mirror) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return { kind: 'tuf', mirror: url, root };
  throw new UsageError(`-tuf-mirror is the URL of a TUF repository, not ${quote(mirror)}`);
}
