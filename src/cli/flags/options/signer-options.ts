import { quote } from '../../../base/text.ts';
import { isServiceUrl } from '../../../http/connect/address-policy.ts';
import { flagsOf } from '../flag.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';

/** The signer, and the services of Sigstore that take part. */
export const SIGNER_FLAGS = flagsOf('Signing', [
  {
    name: 'signer-account',
    value: 'ACCOUNT',
    description: 'sign as this Google service account, through Fulcio',
    neverEmpty: true,
  },
  {
    name: 'identity-token',
    value: 'FILE',
    description: 'sign as the subject of this OIDC token, through Fulcio',
    neverEmpty: true,
  },
  {
    name: 'sign-key',
    value: 'FILE',
    description: 'sign with this key: PEM, or `cosign.key` (COSIGN_PASSWORD)',
    neverEmpty: true,
  },
  {
    name: 'sign-command',
    value: 'COMMAND',
    description: 'sign with a command: content on stdin, signature on stdout',
    neverEmpty: true,
  },
  {
    name: 'sign-command-key',
    value: 'FILE',
    description: 'verify signatures of `-sign-command` by this public key (PEM)',
    neverEmpty: true,
  },
  { name: 'sign-log', description: 'log signatures by a key, too' },
  {
    name: 'fulcio-url',
    value: 'URL',
    default: 'public instance',
    description: 'request certificates from this Fulcio',
  },
  {
    name: 'rekor-url',
    value: 'URL',
    default: 'public instance',
    description: 'log signatures in this Rekor',
  },
  {
    name: 'rekor-version',
    value: 'N',
    default: '1',
    values: ['1', '2'],
    description: 'API version of the transparency log: `1`, `2`',
  },
  {
    name: 'timestamp-url',
    value: 'URL',
    default: 'none',
    description: 'request timestamps (RFC 3161) from this authority',
  },
  {
    name: 'signing-config',
    value: 'FILE',
    description: 'read the URLs of the services from a signing config of cosign 3',
    neverEmpty: true,
  },
]);

/** Who signs, and the services that take part. */
export interface SignerOptions {
  readonly key: SigningKeyOption;
  readonly services: SigningServicesOption;
  /** Whether signatures are logged. Those of certificates always are. */
  readonly isLogged: boolean;
}

export type SigningKeyOption =
  | { readonly kind: 'keyless'; readonly token: TokenOption }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'command'; readonly command: string; readonly publicKey: string };

/** Where identity tokens come from. */
export type TokenOption =
  /** A service account of Google. */
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'file'; readonly file: string }
  /** `SIGSTORE_ID_TOKEN`, or GitHub Actions. */
  | { readonly kind: 'environment' };

export type SigningServicesOption =
  | {
      readonly kind: 'urls';
      readonly fulcio: string;
      readonly rekor: string;
      readonly rekorVersion: RekorVersion;
      /** Undefined: signatures have no timestamp. */
      readonly timestamps: string | undefined;
    }
  /** A signing configuration of Sigstore, as cosign 3 reads it. */
  | { readonly kind: 'file'; readonly file: string };

export type RekorVersion = 1 | 2;

const PUBLIC_FULCIO = 'https://fulcio.sigstore.dev';
const PUBLIC_REKOR = 'https://rekor.sigstore.dev';
const SIGNERS = ['sign-key', 'sign-command', 'signer-account', 'identity-token'] as const;
const URL_FLAGS = ['fulcio-url', 'rekor-url', 'rekor-version', 'timestamp-url'] as const;
/** Variables of CI systems that lead to an identity token. */
const TOKEN_VARIABLES = ['SIGSTORE_ID_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_URL'] as const;

/**
 * The signer of flags and environment; undefined if neither names one. Throws a `UsageError` for flags that contradict
 * each other.
 */
export function signerOptionsOf(flags: FlagValues, env: NodeJS.ProcessEnv): SignerOptions | undefined {
  const key = keyOf(flags, env);
  if (key === undefined) return undefined;
  const services = servicesOf(flags, key);
  const isKeyless = key.kind === 'keyless';
  if (isKeyless && flags.isGiven('sign-log') && !flags.isOn('sign-log')) {
    throw new UsageError(
      '-sign-log=false goes with -sign-key and -sign-command: without a log entry nothing proves that a certificate was valid',
    );
  }
  return { key, services, isLogged: isKeyless || flags.isOn('sign-log') };
}

function keyOf(flags: FlagValues, env: NodeJS.ProcessEnv): SigningKeyOption | undefined {
  const [first, second] = SIGNERS.filter((name) => flags.text(name));
  if (first !== undefined && second !== undefined)
    throw new UsageError(`-${first} and -${second} are two signers: give one`);
  const publicKey = flags.text('sign-command-key');
  const command = flags.text('sign-command');
  if (!command !== !publicKey)
    throw new UsageError('-sign-command and -sign-command-key go together: give both');
  if (command && publicKey) return { kind: 'command', command, publicKey };
  const file = flags.text('sign-key');
  if (file) return { kind: 'file', file };
  const token = tokenOf(flags, env);
  return token && { kind: 'keyless', token };
}

function tokenOf(flags: FlagValues, env: NodeJS.ProcessEnv): TokenOption | undefined {
  const account = flags.text('signer-account');
  if (account) return { kind: 'account', account };
  const file = flags.text('identity-token');
  if (file) return { kind: 'file', file };
  return TOKEN_VARIABLES.some((name) => env[name]) ? { kind: 'environment' } : undefined;
}

function servicesOf(flags: FlagValues, key: SigningKeyOption): SigningServicesOption {
  const file = flags.text('signing-config');
  const url = URL_FLAGS.find((name) => flags.text(name));
  if (file && url)
    throw new UsageError(`-signing-config names the services, which -${url} contradicts: give one`);
  if (file) return { kind: 'file', file };
  const fulcio = urlOf(flags, 'fulcio-url');
  const rekor = urlOf(flags, 'rekor-url');
  const timestamps = urlOf(flags, 'timestamp-url');
  const rekorVersion = rekorVersionOf(flags);
  if (fulcio !== undefined && key.kind !== 'keyless')
    throw new UsageError(
      '-fulcio-url is for identity tokens, so it cannot go with -sign-key and -sign-command',
    );
  if ((fulcio === undefined) !== (rekor === undefined) && key.kind === 'keyless')
    throw new UsageError('-fulcio-url and -rekor-url are of one instance: give both');
  if (rekorVersion === 2 && rekor === undefined)
    throw new UsageError('-rekor-version=2 needs -rekor-url: the logs of version 2 change every year');
  if (rekorVersion === 2 && timestamps === undefined)
    throw new UsageError('-rekor-version=2 needs -timestamp-url: its entries have no time');
  return {
    kind: 'urls',
    fulcio: fulcio ?? PUBLIC_FULCIO,
    rekor: rekor ?? PUBLIC_REKOR,
    rekorVersion,
    timestamps,
  };
}

function rekorVersionOf(flags: FlagValues): RekorVersion {
  const text = flags.text('rekor-version') ?? '1';
  if (text === '1') return 1;
  if (text === '2') return 2;
  throw new UsageError(`-rekor-version is 1 or 2, not ${quote(text)}`);
}

function urlOf(flags: FlagValues, name: string): string | undefined {
  const text = flags.text(name);
  if (!text) return undefined;
  if (isServiceUrl(text)) return text;
  throw new UsageError(`-${name} is a URL that begins with https://, not ${quote(text)}`);
}
