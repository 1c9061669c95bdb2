import { isObject, textOf } from '../../base/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HostedRepository } from '../../ports/pull-requests.ts';
import { type GithubApi, objectIn, unexpected } from './api.ts';
import { GithubError } from './github-error.ts';

export interface ForkPorts {
  readonly api: GithubApi;
  readonly clock: Clock;
}

/** Milliseconds: GitHub creates a fork in the background, and names five minutes. */
const FORK_LIMIT = 5 * 60_000;
const FORK_POLL = 2_000;

/** Reads a repository. Throws a `GithubError`. */
export async function readRepository(
  name: string,
  api: GithubApi,
  signal: AbortSignal,
): Promise<HostedRepository> {
  const path = `/repos/${name}`;
  return parseRepository(path, await api({ method: 'GET', path, signal }));
}

/**
 * The repository `name`, which is a fork of `upstream` or `upstream` itself. A missing fork is created, for the user of
 * the token or for an organization, and waited for. Throws a `GithubError`.
 */
export async function openFork(
  name: string,
  upstream: HostedRepository,
  { ports, signal }: { readonly ports: ForkPorts; readonly signal: AbortSignal },
): Promise<HostedRepository> {
  const fork =
    (await tryRead(name, ports.api, signal)) ?? (await createFork(name, upstream, { ports, signal }));
  const isUpstream = isSame(fork.name, upstream.name);
  if (!isUpstream && !isSame(fork.forkOf ?? '', upstream.forkOf ?? upstream.name)) {
    const message = `${fork.name} is not a fork of ${upstream.name}: name another one, or none, so that it is created`;
    throw new GithubError('invalid', message);
  }
  return fork;
}

async function createFork(
  name: string,
  upstream: HostedRepository,
  { ports, signal }: { readonly ports: ForkPorts; readonly signal: AbortSignal },
): Promise<HostedRepository> {
  const { api, clock } = ports;
  const [owner = '', repository = ''] = name.split('/');
  const user = textOf(objectIn('GET /user', await api({ method: 'GET', path: '/user', signal })), 'login');
  const organization = isSame(user ?? '', owner) ? {} : { organization: owner };
  const path = `/repos/${upstream.name}/forks`;
  const answer = await api({ method: 'POST', path, body: { name: repository, ...organization }, signal });
  // a fork under another name is not made twice
  const made = textOf(objectIn(`POST ${path}`, answer), 'full_name') ?? name;
  const end = clock.monotonic() + FORK_LIMIT;
  while (clock.monotonic() < end) {
    const fork = await tryRead(made, api, signal);
    const branch = `/repos/${made}/branches/${encodeURIComponent(upstream.defaultBranch)}`;
    if (fork !== undefined && (await isThere(branch, api, signal))) return fork;
    await clock.sleep(FORK_POLL, signal);
  }
  const message = `github: the fork ${made} was not ready after ${FORK_LIMIT / 60_000} minutes: run it again`;
  throw new GithubError('unavailable', message);
}

async function tryRead(
  name: string,
  api: GithubApi,
  signal: AbortSignal,
): Promise<HostedRepository | undefined> {
  return await readRepository(name, api, signal).catch(ifNotFound);
}

async function isThere(path: string, api: GithubApi, signal: AbortSignal): Promise<boolean> {
  return (await api({ method: 'GET', path, signal }).catch(ifNotFound)) !== undefined;
}

function ifNotFound(error: unknown): undefined {
  if (error instanceof GithubError && error.code === 'not-found') return undefined;
  throw error;
}

function parseRepository(path: string, answer: unknown): HostedRepository {
  const json = objectIn(`GET ${path}`, answer);
  const source = isObject(json['source']) ? json['source'] : isObject(json['parent']) ? json['parent'] : {};
  const permissions = isObject(json['permissions']) ? json['permissions'] : {};
  const [name, defaultBranch, cloneUrl] = ['full_name', 'default_branch', 'clone_url'].map((field) =>
    textOf(json, field),
  );
  if (name === undefined || defaultBranch === undefined || cloneUrl === undefined)
    throw unexpected(`GET ${path}`, answer);
  return {
    name,
    defaultBranch,
    cloneUrl,
    sshUrl: textOf(json, 'ssh_url') ?? cloneUrl,
    forkOf: textOf(source, 'full_name'),
    mayRequestReviewers: permissions['triage'] === true || permissions['push'] === true,
  };
}

/** Names on GitHub do not depend on case. */
function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
