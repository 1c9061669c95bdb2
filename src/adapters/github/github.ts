import { isObject, type JsonObject, textOf } from '../../base/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HeadAndBase, PullRequest, PullRequests } from '../../ports/pull-requests.ts';
import { createGithubApi, type GithubApi, type GithubOptions, objectIn, unexpected } from './api.ts';
import { openFork, readRepository } from './forks.ts';
import { GithubError } from './github-error.ts';

/** Pull requests on GitHub. All functions throw a `GithubError`. */
export function createGithub({ clock, ...options }: GithubOptions & { readonly clock: Clock }): PullRequests {
  const api = createGithubApi(options);
  return {
    readRepository: (name, signal) => readRepository(name, api, signal),
    openFork: (name, upstream, signal) => openFork(name, upstream, { ports: { api, clock }, signal }),
    find: (branches, signal) => find(branches, api, signal),
    create: async (branches, proposal, signal) => {
      const { base } = branches;
      const path = `/repos/${base.name}/pulls`;
      const body = { ...proposal, ...sourceOf(branches), base: base.defaultBranch };
      try {
        return parsePullRequest(`POST ${path}`, await api({ method: 'POST', path, body, signal }));
      } catch (error) {
        // an attempt without an answer may have opened it, or another run has
        const opened = isInvalid(error) ? await find(branches, api, signal) : undefined;
        if (opened?.state === 'open') return opened;
        throw error;
      }
    },
    update: async ({ name }, number, proposal, signal) => {
      const body = { ...proposal };
      await api({ method: 'PATCH', path: `/repos/${name}/pulls/${number}`, body, signal });
    },
    requestReviewers: async ({ name }, number, reviewers, signal) => {
      const path = `/repos/${name}/pulls/${number}/requested_reviewers`;
      await api({ method: 'POST', path, body: splitReviewers(reviewers), signal });
    },
    comment: async ({ name }, number, text, signal) => {
      const path = `/repos/${name}/issues/${number}/comments`;
      await api({ method: 'POST', path, body: { body: text }, signal });
    },
  };
}

async function find(
  branches: HeadAndBase,
  api: GithubApi,
  signal: AbortSignal,
): Promise<PullRequest | undefined> {
  const { base } = branches;
  const query = new URLSearchParams({
    head: headOf(branches),
    base: base.defaultBranch,
    state: 'all',
    sort: 'created',
    direction: 'desc',
  });
  const path = `/repos/${base.name}/pulls`;
  const answer = await api({ method: 'GET', path: `${path}?${query.toString()}`, signal });
  if (!Array.isArray(answer)) throw unexpected(`GET ${path}`, answer);
  // GitHub ignores an invalid filter, and the filter has an owner but no repository
  const own = answer.filter((one: unknown) => isFrom(one, branches));
  const found = own.map((one: unknown) => parsePullRequest(`GET ${path}`, one));
  return found.find(({ state }) => state === 'open') ?? found[0];
}

/** The repository of a pull request is null after its fork was deleted. */
function isFrom(pull: unknown, { head, branch }: HeadAndBase): boolean {
  const source = isObject(pull) ? pull['head'] : undefined;
  if (!isObject(source) || textOf(source, 'ref') !== branch) return false;
  return isObject(source['repo']) && textOf(source['repo'], 'full_name') === head.name;
}

/** The owner alone does not tell a fork from a repository of the same owner. */
function sourceOf(branches: HeadAndBase): JsonObject {
  const { head, base } = branches;
  const [owner, repository = ''] = head.name.split('/');
  const isClear = head.name === base.name || owner !== base.name.split('/')[0];
  return { head: headOf(branches), ...(!isClear && { head_repo: repository }) };
}

function headOf({ head, branch }: HeadAndBase): string {
  return `${head.name.split('/')[0] ?? ''}:${branch}`;
}

function isInvalid(error: unknown): boolean {
  return error instanceof GithubError && error.code === 'invalid';
}

/** A team is named within its organization. */
function splitReviewers(reviewers: readonly string[]): JsonObject {
  const names = reviewers.map((name) => name.replace(/^@/, ''));
  const teams = names.filter((name) => name.includes('/')).map((name) => name.split('/').at(-1) ?? '');
  return { reviewers: names.filter((name) => !name.includes('/')), team_reviewers: teams };
}

function parsePullRequest(request: string, answer: unknown): PullRequest {
  const json = objectIn(request, answer);
  const { number } = json;
  const url = textOf(json, 'html_url');
  if (typeof number !== 'number' || url === undefined || !URL.canParse(url))
    throw unexpected(request, answer);
  const isMerged = textOf(json, 'merged_at') !== undefined;
  return {
    number,
    url: new URL(url).href, // without control characters
    state: json['state'] === 'open' ? 'open' : isMerged ? 'merged' : 'closed',
    title: textOf(json, 'title') ?? '',
    body: (textOf(json, 'body') ?? '').replaceAll('\r\n', '\n'),
  };
}
