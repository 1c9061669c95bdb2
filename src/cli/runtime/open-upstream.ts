import { readCheckout } from '../../adapters/git/checkout.ts';
import { createClone } from '../../adapters/git/clone.ts';
import { createGithub } from '../../adapters/github/github.ts';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import type { Checkout, Clone } from '../../ports/clone.ts';
import { HistoryError } from '../../ports/history.ts';
import type { HostedRepository, PullRequests } from '../../ports/pull-requests.ts';
import type { Browser } from '../browse/browse.ts';
import type { PullRequestOptions } from '../flags/options/pull-request-options.ts';
import type { ProcessContext } from '../commands/command.ts';
import { InputError, UsageError } from '../flags/usage-error.ts';
import { spoolDirectory } from './open-runtime.ts';

/** The repository of the manifests, the fork to push to, and a clone. */
export interface Upstream {
  readonly host: PullRequests;
  readonly upstream: HostedRepository;
  readonly forkName: string;
  /** The fork, created if it is missing. */
  readonly openFork: () => Promise<HostedRepository>;
  readonly clone: Clone;
  /** The directory within the clone that the flags name: empty, or with a slash at its end. */
  readonly prefix: string;
}

/** The one of the original. */
const DEFAULT_UPSTREAM = 'kubernetes/k8s.io';

/** Finds the repositories of a pull request, and clones. */
export async function openUpstream(
  options: PullRequestOptions,
  { context, browser }: { readonly context: ProcessContext; readonly browser: Browser },
): Promise<Upstream> {
  const { baseDirectory, api } = options;
  const { env, stdio } = context;
  const { log, signal } = browser;
  if (api.token !== undefined) stdio.secrets.add(api.token);
  const checkout = baseDirectory === undefined ? undefined : await checkoutAt(baseDirectory, env, signal);
  const host = await openGithub(api, browser);
  const upstream = await host.readRepository(options.upstream ?? upstreamOf(checkout), signal);
  if (options.upstream === undefined && upstream.forkOf !== undefined) refuseFork(upstream);
  const name = upstream.name.split('/')[1] ?? '';
  const forkName = options.fork.includes('/') ? options.fork : `${options.fork}/${name}`;
  log.write('info', 'cloning', { repository: upstream.name, branch: upstream.defaultBranch });
  const source = { url: upstream.cloneUrl, branch: upstream.defaultBranch, token: api.token };
  const place = { checkout: checkout?.top, temporary: spoolDirectory(env), env };
  const clone = await createClone({ ...source, ...place }, signal);
  const openFork = async () => await host.openFork(forkName, upstream, signal);
  return { host, upstream, forkName, openFork, clone, prefix: checkout?.prefix ?? '' };
}

async function openGithub(
  api: PullRequestOptions['api'],
  { runtime }: Pick<Browser, 'runtime'>,
): Promise<PullRequests> {
  const fetch = await runtime.openFetch();
  try {
    return createGithub({ ...api, fetch, clock: runtime.clock });
  } catch (error) {
    throw new InputError(messageOf(error)); // a URL that gets no token
  }
}

async function checkoutAt(directory: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Checkout> {
  return await readCheckout(directory, env, signal).catch((error: unknown) => {
    throw error instanceof HistoryError ? new InputError(`-base_dir: ${error.message}`) : error;
  });
}

function upstreamOf(checkout: Checkout | undefined): string {
  if (checkout === undefined) return DEFAULT_UPSTREAM;
  const { remoteUrl, top } = checkout;
  const name = /[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(remoteUrl ?? '')?.[1];
  if (name !== undefined) return name;
  const found = remoteUrl === undefined ? 'no remote upstream or origin' : `the remote ${quote(remoteUrl)}`;
  throw new UsageError(`${quote(top)} has ${found}: name the repository with -upstream=OWNER/REPO`);
}

/** The checkout of a fork does not show which of the two is meant. */
function refuseFork({ name, forkOf }: HostedRepository): never {
  throw new UsageError(`${name} is a fork of ${forkOf}: give -upstream=${forkOf}, or -upstream=${name}`);
}
