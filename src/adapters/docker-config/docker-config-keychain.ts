import { quote } from '../../base/text.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { Clock } from '../../ports/clock.ts';
import { ANONYMOUS, type Credential, type Identity, type Keychain } from '../../ports/keychain.ts';
import { type ConfigFile, type Environment, listConfigFiles, readConfigFile } from './config-files.ts';
import { canonicalHost, helperAddress, placesOf } from './entry-key.ts';
import { HelperCache } from './helper-cache.ts';
import { type DockerConfig, DockerConfigError } from './parse-docker-config.ts';

/**
 * Identities from the files that `docker login` and `podman login` write: the first file with an entry for a
 * repository decides. Each file is read once, when it is first needed. Throws `DockerConfigError`.
 */
export function createDockerConfigKeychain(env: Environment, clock: Clock, uid?: number): Keychain {
  const helpers = new HelperCache(env, clock);
  const sources = listConfigFiles(env, uid).map((file) => ({
    file,
    read: once(() => readConfigFile(file, clock)),
  }));
  return {
    identityFor: async (repository, signal) => {
      for (const { file, read } of sources) {
        const lookup = { config: await read(), file, helpers, signal };
        const identity = await findIdentity(repository, lookup);
        if (identity !== undefined) return identity;
      }
      return ANONYMOUS;
    },
  };
}

interface Lookup {
  readonly config: DockerConfig;
  readonly file: ConfigFile;
  readonly helpers: HelperCache;
  readonly signal: AbortSignal;
}

function once<Value>(work: () => Promise<Value>): () => Promise<Value> {
  let promise: Promise<Value> | undefined;
  return () => (promise ??= work());
}

/** The helper of this host, else its longest entry, else the helper for all hosts. */
async function findIdentity(repository: Repository, lookup: Lookup): Promise<Identity | undefined> {
  const { config, file } = lookup;
  const host = canonicalHost(hostOf(repository));
  const helper = config.helpers.get(host);
  if (helper) return askHelper(helper, host, lookup);
  const places = config.credentials.size === 0 ? [] : placesOf(repository);
  const place = places.find((one) => config.credentials.has(one));
  const credential = place === undefined ? undefined : config.credentials.get(place);
  if (credential instanceof DockerConfigError) throw credential;
  if (credential !== undefined) {
    const scope = place === host ? '' : ` for ${place}`;
    return { name: `${ownerOf(credential)} (${file.name}${scope})`, credential };
  }
  const isOptedOut = helper === '';
  return config.store === undefined || isOptedOut ? undefined : askHelper(config.store, host, lookup);
}

async function askHelper(
  helper: string,
  host: string,
  { helpers, signal }: Lookup,
): Promise<Identity | undefined> {
  const credential = await helpers.ask(helper, helperAddress(host), signal);
  if (credential.kind === 'anonymous') return undefined;
  const name = `credential helper ${helper}`;
  const isUser = credential.kind === 'basic' && !TOKEN_USERS.test(credential.username);
  return { name: isUser ? `${ownerOf(credential)} (${name})` : name, credential };
}

/** User names that mark the password as a token: gcloud's, Amazon's, Azure's. */
const TOKEN_USERS = /^(?:_dcgcloud_token|_token|oauth2accesstoken|AWS|0{8}(?:-0{4}){3}-0{12})$/;

function ownerOf(credential: Credential): string {
  switch (credential.kind) {
    case 'basic':
      return `user ${quote(credential.username)}`;
    case 'identity-token':
      return 'identity token';
    case 'registry-token':
      return 'registry token';
    case 'access-token':
      return 'access token';
    case 'anonymous':
      return ANONYMOUS.name;
  }
}
