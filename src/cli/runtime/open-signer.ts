import { readFile } from 'node:fs/promises';
import { GoogleError } from '../../adapters/google/google-error.ts';
import { createIdentityTokens } from '../../adapters/google/identity-token.ts';
import { readKeyFiles } from '../../adapters/google/key-files.ts';
import { createCommandKey } from '../../adapters/sigstore/sign/keys/command-key.ts';
import { readPrivateKey, readPublicKey } from '../../adapters/sigstore/sign/keys/read-key-file.ts';
import {
  openSigstoreSigner,
  type SigstoreSignerOptions,
} from '../../adapters/sigstore/sign/open-sigstore-signer.ts';
import { SigningError } from '../../adapters/sigstore/sign/signing-error.ts';
import { parseSigningConfig, type SigningServices } from '../../adapters/sigstore/sign/signing-services.ts';
import {
  AUDIENCE,
  checkToken,
  type TokenSource,
} from '../../adapters/sigstore/sign/tokens/identity-token.ts';
import { environmentToken, fileToken } from '../../adapters/sigstore/sign/tokens/token-sources.ts';
import { messageOf } from '../../base/errors.ts';
import { isServiceUrl } from '../../http/connect/address-policy.ts';
import type { Secrets } from '../../base/secrets.ts';
import { quote } from '../../base/text.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Signer } from '../../ports/signatures.ts';
import type {
  SignerOptions,
  SigningKeyOption,
  SigningServicesOption,
  TokenOption,
} from '../flags/options/signer-options.ts';
import { InputError } from '../flags/usage-error.ts';

export interface SignerRuntime {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Nothing more is signed once it aborts. */
  readonly stopping: AbortSignal;
  readonly log: Log;
  /** Receives every token. */
  readonly secrets: Secrets;
  /** Sends requests to services other than registries. */
  readonly fetch: typeof fetch;
  /** Key files of Google service accounts. */
  readonly keyFiles: readonly string[];
}

/** Milliseconds for one signature of a command: a KMS may ask for a confirmation. */
const COMMAND_LIMIT = 60_000;
/** Milliseconds for an identity token, retries included. */
const TOKEN_LIMIT = 60_000;

/** A signer, and what else a run has to know of it. */
export interface OpenedSigner extends Signer {
  /** PEM: the key that verifies its signatures. Undefined: they have certificates. */
  readonly publicKey: string | undefined;
  /** False if the log has no entries that a `.sig` tag can hold: `signPayload` throws. */
  readonly signsPayloads: boolean;
}

const SECRET_VARIABLES = ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'COSIGN_PASSWORD'];

/** The signer of a run. Nothing is requested yet. Throws an `InputError` for keys and files that cannot be used. */
export async function openSigner(options: SignerOptions, runtime: SignerRuntime): Promise<OpenedSigner> {
  const { isLogged } = options;
  const { env, fetch, clock, secrets, stopping } = runtime;
  for (const name of SECRET_VARIABLES) secrets.add(env[name] ?? '');
  try {
    const by = await openKey(options.key, runtime);
    const services = await readServices(options.services, clock);
    return {
      ...openSigstoreSigner({ by, services, isLogged, fetch, clock, stopping }),
      publicKey: by.kind === 'key' ? by.key.public.pem : undefined,
      signsPayloads: !isLogged || services.log.version === 1,
    };
  } catch (error) {
    if (error instanceof SigningError) throw new InputError(error.message);
    throw error;
  }
}

async function openKey(key: SigningKeyOption, runtime: SignerRuntime): Promise<SigstoreSignerOptions['by']> {
  const { env } = runtime;
  if (key.kind === 'keyless') {
    const tokens = await openTokens(key.token, runtime);
    return { kind: 'keyless', tokens: withSecrets(tokens, runtime.secrets) };
  }
  if (key.kind === 'file')
    return { kind: 'key', key: await readPrivateKey(key.file, env['COSIGN_PASSWORD']) };
  const publicKey = await readPublicKey(key.publicKey, '-sign-command-key');
  const command = { command: key.command, publicKey, env, limit: COMMAND_LIMIT };
  return { kind: 'key', key: createCommandKey(command) };
}

async function openTokens(option: TokenOption, runtime: SignerRuntime): Promise<TokenSource> {
  const { env, fetch } = runtime;
  if (option.kind === 'file') {
    const tokens = fileToken(option.file);
    await tokens.current(new AbortController().signal); // a file without a token is refused before anything is promoted
    return tokens;
  }
  if (option.kind === 'account') return accountToken(option.account, runtime);
  const tokens = environmentToken({ env, fetch, limit: TOKEN_LIMIT });
  if (tokens !== undefined) return tokens;
  throw new InputError(
    'ACTIONS_ID_TOKEN_REQUEST_URL is set without ACTIONS_ID_TOKEN_REQUEST_TOKEN: the job needs "permissions: id-token: write"',
  );
}

async function accountToken(account: string, runtime: SignerRuntime): Promise<TokenSource> {
  const keyFiles = await readKeyFiles(runtime.keyFiles).catch((error: unknown) => {
    throw new InputError(messageOf(error));
  });
  const { env, clock, log, fetch } = runtime;
  const make = createIdentityTokens({ account, audience: AUDIENCE, keyFiles, env, clock, log, fetch });
  const name = `service account ${quote(account)}`;
  return { current: async (signal) => checkToken(await make(signal).catch(asSigningError), name) };
}

/** A refusal that the signer keeps, so that not every image asks again. */
function asSigningError(error: unknown): never {
  if (!(error instanceof GoogleError)) throw error;
  throw new SigningError(error.code === 'unavailable' ? 'unavailable' : 'token', error.message);
}

function withSecrets(tokens: TokenSource, secrets: Secrets): TokenSource {
  return {
    current: async (signal) => {
      const token = await tokens.current(signal);
      secrets.add(token);
      return token;
    },
  };
}

async function readServices(option: SigningServicesOption, clock: Clock): Promise<SigningServices> {
  if (option.kind === 'urls') {
    const { fulcio, rekor, rekorVersion, timestamps } = option;
    return { fulcio, log: { url: rekor, version: rekorVersion }, timestamps };
  }
  const name = `-signing-config=${quote(option.file)}`;
  const text = await readFile(option.file, 'utf8').catch((error: unknown) => {
    throw new InputError(`${name}: cannot be read: ${messageOf(error)}`);
  });
  const services = parseSigningConfig(text, clock.wallTime());
  if (typeof services === 'string') throw new InputError(`${name}: ${services}`);
  const { fulcio, log, timestamps } = services;
  const unsafe = [fulcio, log.url, ...(timestamps === undefined ? [] : [timestamps])].find(
    (url) => !isServiceUrl(url),
  );
  if (unsafe !== undefined)
    throw new InputError(`${name}: not a URL that begins with https://: ${quote(unsafe)}`);
  return services;
}
