import { oneLine } from '../../base/text.ts';
import { type CredentialsFile, readDefaultCredentials } from './default-credentials.ts';
import { statusOf } from './google-error.ts';
import { callLibrary, type GoogleContext, type Library, mintToken, SCOPE } from './library.ts';
import { type Mint, RenewingToken } from './renewing-token.ts';
import { SharedWork } from './shared-work.ts';

/** The identity of application default credentials: that of a file, or of this machine. */
export interface DefaultIdentity {
  /** For messages. */
  readonly name: string;
  /** The service account, if it is known. */
  readonly account: string | undefined;
  /** The project whose quota its requests use, if it has to be named. */
  readonly quotaProject: string | undefined;
  /** The remedy for a refusal, if there is one. */
  readonly remedy: string | undefined;
  /** Whether it is that of this machine, by its metadata server. */
  readonly isMachine: boolean;
  readonly mint: Mint;
  /** For impersonations. */
  readonly token: RenewingToken;
}

/** Finds the default identity, once for all who ask; undefined if there is none. */
export type FindDefaultIdentity = (signal: AbortSignal) => Promise<DefaultIdentity | undefined>;

export function createDefaultIdentity(context: GoogleContext): FindDefaultIdentity {
  let found: { readonly identity: DefaultIdentity | undefined } | undefined;
  const search = new SharedWork(
    async (signal) => (found = { identity: await findIdentity(context, signal) }),
  );
  return async (signal) => (found ?? (await search.join(signal))).identity;
}

async function findIdentity(
  context: GoogleContext,
  signal: AbortSignal,
): Promise<DefaultIdentity | undefined> {
  const file = await readDefaultCredentials(context.env);
  const credentials = file ?? (await readMachineCredentials(context, signal));
  if (credentials === undefined) return undefined;
  const { name, account, quotaProject, remedy, secrets, open } = credentials;
  const mint: Mint = (inner) => mintToken(context, { subject: name, secrets, signal: inner }, open);
  const token = new RenewingToken(mint, { owner: name, ...context });
  return { name, account, quotaProject, remedy, isMachine: file === undefined, mint, token };
}

/**
 * The identity of this machine by its metadata server; undefined without such a server, or for a machine without an
 * identity. Throws a `GoogleError` if the server fails.
 *
 * These requests alone use the library's own transport. `context.fetch` retries an unreachable host for 30 s, and would
 * send the token through a proxy; the library knows within 3 s that there is no metadata server.
 * The library reads `GCE_METADATA_HOST` and `METADATA_SERVER_DETECTION` from the process.
 */
async function readMachineCredentials(
  context: GoogleContext,
  signal: AbortSignal,
): Promise<CredentialsFile | undefined> {
  const { env } = context;
  if (env['METADATA_SERVER_DETECTION']?.trim().toLowerCase() === 'none') return undefined;
  const email = await callLibrary(context, { subject: 'metadata server', secrets: [], signal }, readEmail);
  if (email === undefined) return undefined;
  const account = email.includes('@') ? email : undefined;
  return {
    name: `${account === undefined ? 'identity' : 'service account'} ${oneLine(email)} of the metadata server`,
    account,
    quotaProject: env['GOOGLE_CLOUD_QUOTA_PROJECT'] || undefined,
    secrets: [],
    open: ({ Compute }, options) => new Compute({ ...options, scopes: [SCOPE] }),
  };
}

/** The scopes that tokens of this machine have. Throws a `GoogleError` if the metadata server fails. */
export async function readMachineScopes(
  context: GoogleContext,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const call = { subject: 'metadata server', secrets: [], signal };
  return await callLibrary(context, call, async ({ gcpMetadata }) => {
    const scopes: unknown = await gcpMetadata.instance('service-accounts/default/scopes');
    return String(scopes).split(/\s+/);
  });
}

/** Mostly an email address. */
async function readEmail({ gcpMetadata, gaxios }: Library): Promise<string | undefined> {
  const { instance } = gaxios;
  instance.defaults = { ...instance.defaults, noProxy: [METADATA] }; // nothing else uses this instance
  if (!gcpMetadata.getGCPResidency() && !(await gcpMetadata.isAvailable())) return undefined;
  try {
    const email: unknown = await gcpMetadata.instance('service-accounts/default/email');
    return String(email).trim() || undefined;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

const METADATA = /^http:\/\/[^/]+\/computeMetadata\/v1\//;
