import { messageOf } from '../../base/errors.ts';
import { parseRegistryName, type RegistryName, type Repository } from '../../image/repository.ts';
import type { Log } from '../../ports/log.ts';
import type { RepositoryFacts, RepositoryFactsReader } from '../../ports/repository-facts.ts';
import { accessTokenOf } from './api-fetch.ts';
import {
  type ArtifactRegistryOptions,
  enclosingRepository,
  openArtifactRegistry,
  type Policy,
  resourceOf,
  type Settings,
} from './artifact-registry-client.ts';
import { withinLimit } from '../../base/shared-work.ts';

/** Milliseconds for the settings of one repository: a promotion waits for them before its first write. */
const LIMIT = 10_000;
const FIELDS = 'format,mode,dockerConfig,cleanupPolicies,cleanupPolicyDryRun';

/**
 * Settings of repositories of Artifact Registry, each read once, for images whose registry is bound to an account. A
 * failure is logged: a promotion does not need them.
 *
 * @see https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories
 */
export function createRepositoryFactsReader(
  options: ArtifactRegistryOptions & { readonly log: Log },
): RepositoryFactsReader {
  const known = new Map<RegistryName, Promise<RepositoryFacts | undefined>>();
  return {
    factsOf: async (repository, signal) => {
      const name = parseRegistryName(enclosingRepository(repository) ?? '');
      if (name === undefined) return undefined;
      const facts = known.get(name) ?? readFacts(name, { ...options, repository, signal });
      known.set(name, facts);
      return facts;
    },
  };
}

async function readFacts(
  name: RegistryName,
  reading: ArtifactRegistryOptions & { log: Log; repository: Repository; signal: AbortSignal },
): Promise<RepositoryFacts | undefined> {
  const { repository, signal, log, keychain } = reading;
  try {
    const late = () => new Error(`no answer within ${LIMIT} ms`);
    return await withinLimit(
      async (inner) => {
        if ((await accessTokenOf(repository, keychain, inner)) === undefined) return undefined;
        const call = await openArtifactRegistry(reading, { repository, fields: FIELDS, signal: inner });
        const request = { name: resourceOf(name) ?? '' };
        return call(async (client) => {
          const [settings] = await client.getRepository(request);
          return parseSettings(name, settings);
        });
      },
      { signal, limit: LIMIT, late },
    );
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    log.write('debug', 'settings of the repository not read', { repository: name, error: messageOf(error) });
    return undefined;
  }
}

const MODES: Readonly<Record<string, RepositoryFacts['mode']>> = {
  STANDARD_REPOSITORY: 'standard',
  VIRTUAL_REPOSITORY: 'virtual',
  REMOTE_REPOSITORY: 'remote',
};

function parseSettings(name: RegistryName, settings: Settings): RepositoryFacts {
  const { format, mode, dockerConfig, cleanupPolicies, cleanupPolicyDryRun } = settings;
  const deleting = Object.entries(cleanupPolicies ?? {}).filter(([, { action }]) => action === 'DELETE');
  const active = cleanupPolicyDryRun === true ? [] : deleting;
  const ages = active.flatMap(([, policy]) => ageOf(policy));
  return {
    name,
    format: String(format ?? '').toLowerCase(),
    mode: MODES[String(mode)] ?? 'unknown',
    immutableTags: dockerConfig?.immutableTags === true,
    cleanupPolicies: active.map(([policy]) => policy).toSorted(),
    ...(ages.length > 0 && { deletesAfter: Math.min(...ages) }),
  };
}

/** Milliseconds of the age in a policy for all tagged digests; those of some images or tags may be others. */
function ageOf({ condition }: Policy): number[] {
  const { tagPrefixes, versionNamePrefixes, packageNamePrefixes, newerThan, olderThan, tagState } =
    condition ?? {};
  const prefixes = [tagPrefixes, versionNamePrefixes, packageNamePrefixes].flatMap((some) => some ?? []);
  const seconds = Number(olderThan?.seconds ?? 0);
  const concernsAll = prefixes.length === 0 && Number(newerThan?.seconds ?? 0) === 0;
  return concernsAll && seconds > 0 && String(tagState) !== 'UNTAGGED' ? [seconds * 1000] : [];
}
