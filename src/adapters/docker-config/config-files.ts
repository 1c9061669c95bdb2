import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { type DockerConfig, DockerConfigError, parseDockerConfig } from './parse-docker-config.ts';
import { readText } from './read-text.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A file that may hold credentials. */
export interface ConfigFile {
  readonly path: string;
  /** For messages. */
  readonly name: string;
  /** True for a file that is configured by name: it must exist. */
  readonly isRequired: boolean;
}

/**
 * The files with credentials, in order: that of `REGISTRY_AUTH_FILE` alone, or docker's and then podman's two. Without
 * `XDG_RUNTIME_DIR` the path of podman's first has the uid.
 *
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export function listConfigFiles(env: Environment, uid: number | undefined): readonly ConfigFile[] {
  const only = env['REGISTRY_AUTH_FILE'];
  if (only) return [{ path: only, name: 'REGISTRY_AUTH_FILE', isRequired: true }];
  const docker = env['DOCKER_CONFIG'] || inHome(env, '.docker');
  const session = env['XDG_RUNTIME_DIR'];
  const bare = uid === undefined ? [] : [podmanFile('/run', String(uid))];
  const lasting = env['XDG_CONFIG_HOME'] || inHome(env, '.config');
  return [
    ...(docker ? [{ path: join(docker, 'config.json'), name: 'docker config', isRequired: false }] : []),
    ...(session ? [podmanFile(session)] : bare),
    ...(lasting ? [podmanFile(lasting)] : []),
  ];
}

/** A path in the home of the user; undefined without a home, as in many containers. */
function inHome(env: Environment, name: string): string | undefined {
  const home = env['HOME'] || homeOfUser();
  return home ? join(home, name) : undefined;
}

function homeOfUser(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined; // the system does not know this user
  }
}

function podmanFile(directory: string, user = ''): ConfigFile {
  const path = join(directory, 'containers', user, 'auth.json');
  return { path, name: 'podman auth.json', isRequired: false };
}

/** Throws `unreadable` if the file of `REGISTRY_AUTH_FILE` is missing. */
export async function checkConfigFiles(env: Environment): Promise<void> {
  for (const file of listConfigFiles(env, undefined)) {
    const error: unknown = file.isRequired
      ? await access(file.path).catch((thrown: unknown) => thrown)
      : undefined;
    if (isMissingError(error)) throw missing(file, error);
  }
}

function isMissingError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function missing({ name, path }: ConfigFile, cause: unknown): DockerConfigError {
  return new DockerConfigError('unreadable', `${name} names ${path}, which is missing`, { cause });
}

const EMPTY: DockerConfig = { credentials: new Map(), helpers: new Map(), store: undefined };

/** The content of a file; empty if it is missing and not required. Throws `unreadable` or `malformed`. */
export async function readConfigFile(file: ConfigFile, clock: Clock): Promise<DockerConfig> {
  const { path, isRequired } = file;
  try {
    return parseDockerConfig(await readText(path, clock), path);
  } catch (error) {
    if (error instanceof DockerConfigError) throw error;
    if (isMissingError(error) && !isRequired) return EMPTY;
    if (isMissingError(error)) throw missing(file, error);
    const code = error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
    throw new DockerConfigError('unreadable', `cannot read ${path}: ${code}`, { cause: error });
  }
}
