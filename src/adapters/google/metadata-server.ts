import type { Env } from './default-credentials.ts';
import { statusOf } from './google-error.ts';
import { type Asking, askLibrary, type Library } from './library.ts';

/**
 * What the metadata server says that this machine is: mostly an email address; undefined where there is no such
 * server, or the machine has no identity. Throws a `GoogleError` where the server fails.
 *
 * `GCE_METADATA_HOST` and `METADATA_SERVER_DETECTION` are read by the library, from the process.
 */
export async function readMetadataIdentity(env: Env, asking: Asking): Promise<string | undefined> {
  if (env['METADATA_SERVER_DETECTION']?.trim().toLowerCase() === 'none') return undefined;
  return askLibrary(asking, async ({ gcpMetadata, gaxios }) => {
    keepOffProxies(gaxios);
    if (!gcpMetadata.getGCPResidency() && !(await gcpMetadata.isAvailable())) return undefined;
    try {
      const email: unknown = await gcpMetadata.instance('service-accounts/default/email');
      return String(email).trim() || undefined;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  });
}

const METADATA = /^http:\/\/[^/]+\/computeMetadata\/v1\//;

/** A token of this machine, over plain HTTP, is nothing for a proxy. Only this uses the library's common instance. */
function keepOffProxies({ instance }: Library['gaxios']): void {
  instance.defaults = { ...instance.defaults, noProxy: [METADATA] };
}
