import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Credential, Keychain } from '../../ports/keychain.ts';
import { type Asking, askCredentialHelper, HELPER_TIMEOUT } from './credential-helper.ts';
import { DockerConfigError } from './docker-config-error.ts';
import { configHost, type DockerConfig, parseDockerConfig } from './parse-docker-config.ts';

/** Credentials from docker's config.json, in `$DOCKER_CONFIG` or `~/.docker`; read when they are first asked for. */
export function createDockerConfigKeychain(env: Readonly<Record<string, string | undefined>>): Keychain {
  let config: Promise<DockerConfig> | undefined;
  return {
    credentialFor: async (host, signal) => {
      config ??= readConfig(
        join(env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker'), 'config.json'),
      );
      return findCredential(await config, configHost(host), { env, timeout: HELPER_TIMEOUT, signal });
    },
  };
}

const EMPTY: DockerConfig = { credentials: new Map(), helpers: new Map(), store: undefined };

async function readConfig(file: string): Promise<DockerConfig> {
  try {
    return parseDockerConfig(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof DockerConfigError) throw error;
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return EMPTY;
    throw new DockerConfigError('unreadable', `cannot read ${file}`, { cause: error });
  }
}

/** A helper for this host, else its own entry, else the helper for all hosts. */
async function findCredential(config: DockerConfig, host: string, asking: Asking): Promise<Credential> {
  const asked = host === 'index.docker.io' ? 'https://index.docker.io/v1/' : host;
  const helper = config.helpers.get(host);
  if (helper !== undefined) return askCredentialHelper(helper, asked, asking);
  const credential = config.credentials.get(host);
  if (credential instanceof DockerConfigError) throw credential;
  if (credential !== undefined) return credential;
  return config.store === undefined
    ? { kind: 'anonymous' }
    : askCredentialHelper(config.store, asked, asking);
}
