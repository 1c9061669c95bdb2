import { isObject, type JsonObject, textOf } from '../../base/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Merging, PullRequest, PullRequests } from '../../ports/pull-requests.ts';
import { createGithubApi, type GithubApi, type GithubOptions, objectIn, unexpected } from './api.ts';
import { openFork, readRepository } from './forks.ts';
import { GithubError } from './github-error.ts';

/** Pull requests on GitHub. All functions throw a `GithubError`. */
export function createGithub({ clock, ...options }: GithubOptions & { readonly clock: Clock }): PullRequests {
  const api = createGithubApi(options);
  return {
    readRepository: (name, signal) => readRepository(name, api, signal),
    openFork: (name, upstream, signal) => openFork(name, upstream, { ports: { api, clock }, signal }),
    find: (merging, signal) => find(merging, api, signal),
    create: async (merging, proposal, signal) => {
      const { into } = merging;
      const path = `/repos/${into.name}/pulls`;
      const body = { ...proposal, ...sourceOf(merging), base: into.defaultBranch };
      try {
        return parsePullRequest(`POST ${path}`, await api({ method: 'POST', path, body, signal }));
      } catch (error) {
        // an attempt without an answer may have opened it, or another run has
        const opened = isInvalid(error) ? await find(merging, api, signal) : undefined;
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

async function find(merging: Merging, api: GithubApi, signal: AbortSignal): Promise<PullRequest | undefined> {
  const { into } = merging;
  const query = new URLSearchParams({
    head: headOf(merging),
    base: into.defaultBranch,
    state: 'all',
    sort: 'created',
    direction: 'desc',
  });
  const path = `/repos/${into.name}/pulls`;
  const answer = await api({ method: 'GET', path: `${path}?${query.toString()}`, signal });
  if (!Array.isArray(answer)) throw unexpected(`GET ${path}`, answer);
  // GitHub ignores a filter that it cannot read, and names no repository in the filter
  const own = answer.filter((one: unknown) => isFrom(one, merging));
  const found = own.map((one: unknown) => parsePullRequest(`GET ${path}`, one));
  return found.find(({ state }) => state === 'open') ?? found[0];
}

/** The repository of a pull request is null after its fork was deleted. */
function isFrom(pull: unknown, { from, branch }: Merging): boolean {
  const head = isObject(pull) ? pull['head'] : undefined;
  if (!isObject(head) || textOf(head, 'ref') !== branch) return false;
  return isObject(head['repo']) && textOf(head['repo'], 'full_name') === from.name;
}

/** The owner alone does not tell a fork from a repository of the same owner. */
function sourceOf(merging: Merging): JsonObject {
  const { from, into } = merging;
  const [owner, repository = ''] = from.name.split('/');
  const isClear = from.name === into.name || owner !== into.name.split('/')[0];
  return { head: headOf(merging), ...(!isClear && { head_repo: repository }) };
}

function headOf({ from, branch }: Merging): string {
  return `${from.name.split('/')[0] ?? ''}:${branch}`;
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
