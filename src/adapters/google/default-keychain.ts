import { readFile } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { isGoogleHost } from '../../image/google-hosts.ts';
import { hostOf } from '../../image/repository.ts';
import { ANONYMOUS, type Identity, type Keychain } from '../../ports/keychain.ts';
import { readDefaultCredentials } from './default-credentials.ts';
import { createDefaultIdentity, readMachineScopes } from './default-identity.ts';
import { GoogleError } from './google-error.ts';
import { type Env, type GoogleContext, SCOPE } from './library.ts';
import { SharedWork } from '../../base/shared-work.ts';

/**
 * Application default credentials for the repositories of Google's hosts; anonymous for all others, without such
 * credentials, and with a warning where they are refused: public registries are readable all the same. Throws a
 * `GoogleError` if a service does not answer.
 *
 * The identity of a machine is used only with the scope `cloud-platform`: with narrower ones, Artifact Registry refuses
 * even what everybody may read.
 */
export function createDefaultKeychain(context: GoogleContext): Keychain {
  const findIdentity = createDefaultIdentity(context);
  let found: Identity | undefined;
  const search = new SharedWork(async (signal) => (found = await searchIdentity(signal)));

  async function searchIdentity(signal: AbortSignal): Promise<Identity> {
    try {
      const isLikely =
        (await readDefaultCredentials(context.env)) !== undefined || (await isGoogleMachine(context.env));
      const identity = isLikely ? await findIdentity(signal) : undefined;
      if (identity === undefined) return ANONYMOUS;
      const { name, token, isMachine } = identity;
      if (isMachine && !(await readMachineScopes(context, signal)).includes(SCOPE)) {
        const message = `google credentials not used: the ${name} lacks the scope cloud-platform`;
        context.log.write('warning', message);
        return ANONYMOUS;
      }
      await token.current(signal);
      const credential = {
        kind: 'access-token',
        current: (inner: AbortSignal) => token.current(inner),
        refuse: (refused: string) => token.drop(refused),
      } as const;
      return { name, credential };
    } catch (error) {
      if (!(error instanceof GoogleError) || error.code === 'unavailable') throw error;
      context.log.write('warning', 'google credentials not used', { because: messageOf(error) });
      return ANONYMOUS;
    }
  }

  return {
    identityFor: async (repository, signal) =>
      isGoogleHost(hostOf(repository)) ? (found ?? (await search.join(signal))) : ANONYMOUS,
  };
}

/** A variable of Google's products, and those that name a metadata server. */
const GOOGLE_VARIABLES = ['GCE_METADATA_HOST', 'GCE_METADATA_IP', 'CLOUD_RUN_JOB'];

/**
 * Whether there is a metadata server, without a request: elsewhere its silence takes up to a minute to notice. Knative
 * sets `K_SERVICE` as Cloud Run does, but in any cluster.
 */
async function isGoogleMachine(env: Env): Promise<boolean> {
  if (GOOGLE_VARIABLES.some((name) => env[name])) return true;
  if (env['K_SERVICE'] && !env['KUBERNETES_SERVICE_HOST']) return true;
  const vendor = await readFile('/sys/class/dmi/id/bios_vendor', 'utf8').catch(() => '');
  return vendor.includes('Google');
}
