import { readFileSync } from 'node:fs';

export type Env = Readonly<Record<string, string | undefined>>;

/** The parts of a workflow run that the action depends on. */
export interface GithubContext {
  /** Of a pull request; undefined for a push, a schedule and so on. */
  readonly pullRequest: number | undefined;
  /** `proposed` is a change that may still be refused, `accepted` the content of a branch. */
  readonly change: 'proposed' | 'accepted' | 'unknown';
  /** The name of the event. */
  readonly event: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly apiUrl: string;
  readonly graphqlUrl: string;
  /** The page of this workflow run. */
  readonly runUrl: string;
}

/** A queue of merges builds changes that are not merged yet. */
const PROPOSING: ReadonlySet<string> = new Set(['pull_request', 'pull_request_target', 'merge_group']);
const ACCEPTING: ReadonlySet<string> = new Set([
  'push',
  'schedule',
  'workflow_dispatch',
  'repository_dispatch',
]);

/** Reads the event that started the workflow. Throws if there is none. */
export function readContext(env: Env): GithubContext {
  const path = env['GITHUB_EVENT_PATH'] ?? '';
  const { pull_request: request }: { pull_request?: { number?: unknown } } = JSON.parse(
    readFileSync(path, 'utf8'),
  );
  const number = request?.number;
  if (request !== undefined && !Number.isSafeInteger(number)) {
    throw new Error(`${path} has a pull request without a number`);
  }
  const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com';
  const repository = env['GITHUB_REPOSITORY'] ?? '';
  const event = env['GITHUB_EVENT_NAME'] ?? '';
  return {
    event,
    change: request !== undefined ? 'proposed' : changeOf(event),
    pullRequest: typeof number === 'number' ? number : undefined,
    repository,
    apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com',
    graphqlUrl: env['GITHUB_GRAPHQL_URL'] ?? 'https://api.github.com/graphql',
    runUrl: `${server}/${repository}/actions/runs/${env['GITHUB_RUN_ID'] ?? ''}`,
  };
}

function changeOf(event: string): GithubContext['change'] {
  if (PROPOSING.has(event)) return 'proposed';
  return ACCEPTING.has(event) ? 'accepted' : 'unknown';
}
