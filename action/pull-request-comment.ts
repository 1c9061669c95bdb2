import type { GithubContext } from './github-event.ts';

/** A comment, as the API returns it. */
interface Comment {
  readonly id: number;
  readonly body?: string | null;
  readonly user?: { readonly login?: string } | null;
}

export interface CommentPorts {
  readonly fetch: typeof fetch;
  readonly token: string;
  readonly context: GithubContext;
}

/** Identifies the comment of this action: the first line, invisible on the page. */
export function markerOf(mode: string, directory: string): string {
  return `<!-- cip ${mode} ${encodeURIComponent(directory)} -->`;
}

/** The limit of the API, in characters. */
const MAX_BODY = 65_536;
const CUT =
  '\n\n*The report is longer than a comment may be. The summary of the workflow run has all of it.*\n';
const PER_PAGE = 100;
/** More comments than people can read. */
const MAX_PAGES = 30;
const REQUEST_LIMIT_MS = 30_000;

/**
 * Writes the one comment of a marker on a pull request: updates it, or creates it if there is none. A comment of
 * somebody else with the same marker is not touched. Throws for a refusal of the API.
 */
export async function updateComment(marker: string, text: string, ports: CommentPorts): Promise<void> {
  const { pullRequest, repository } = ports.context;
  const body = JSON.stringify({ body: fit(`${marker}\n${text}`) });
  const found = await findComment(marker, ports);
  const issues = `/repos/${repository}/issues`;
  if (found === undefined) await call('POST', `${issues}/${pullRequest}/comments`, { ...ports, body });
  else await call('PATCH', `${issues}/comments/${found}`, { ...ports, body });
}

async function findComment(marker: string, ports: CommentPorts): Promise<number | undefined> {
  const { pullRequest, repository } = ports.context;
  const login = await readLogin(ports);
  for (let page = 1; page <= MAX_PAGES; page++) {
    const path = `/repos/${repository}/issues/${pullRequest}/comments?per_page=${PER_PAGE}&page=${page}`;
    const comments: readonly Comment[] = JSON.parse(await call('GET', path, ports));
    const own = comments.find(({ body, user }) => user?.login === login && body?.startsWith(marker));
    if (own !== undefined) return own.id;
    if (comments.length < PER_PAGE) return undefined;
  }
  return undefined;
}

/** The account of the token. REST has no such question for the token of a workflow. */
async function readLogin({ context, ...ports }: CommentPorts): Promise<string> {
  const body = JSON.stringify({ query: '{ viewer { login } }' });
  const url = new URL(context.graphqlUrl);
  const answer: { data?: { viewer?: { login?: string } } } = JSON.parse(
    await send('POST', url, { ...ports, body }),
  );
  return answer.data?.viewer?.login ?? 'github-actions[bot]';
}

type Call = Pick<CommentPorts, 'fetch' | 'token'> & { readonly body?: string };

function call(
  method: string,
  path: string,
  { context, ...ports }: Call & Pick<CommentPorts, 'context'>,
): Promise<string> {
  return send(method, new URL(`${context.apiUrl.replace(/\/$/, '')}${path}`), ports);
}

/** Resolves to the body of the answer. */
async function send(method: string, url: URL, { fetch, token, body }: Call): Promise<string> {
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      'user-agent': 'cip-action',
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body ?? null,
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  if (!response.ok) throw new Error(`${method} ${url.pathname}: status ${response.status}`);
  return await response.text();
}

function fit(text: string): string {
  return text.length <= MAX_BODY ? text : `${text.slice(0, MAX_BODY - CUT.length)}${CUT}`;
}
