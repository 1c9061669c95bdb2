import { readFileSync } from 'node:fs';
import { messageOf } from '../src/base/errors.ts';
import { isObject, type JsonObject, parseJsonObject } from '../src/base/json.ts';
import { quote } from '../src/base/text.ts';

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
  const request = readEvent(env)['pull_request'] ?? undefined;
  const number = isObject(request) ? request['number'] : undefined;
  if (request !== undefined && !Number.isSafeInteger(number)) {
    throw new Error('GITHUB_EVENT_PATH: the event has a pull request without a number');
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

function readEvent(env: Env): JsonObject {
  const path = env['GITHUB_EVENT_PATH'];
  if (!path) throw new Error('GITHUB_EVENT_PATH is not set: the action runs in a workflow of GitHub only');
  try {
    const event = parseJsonObject(readFileSync(path));
    if (event !== undefined) return event;
  } catch (error) {
    throw new Error(`GITHUB_EVENT_PATH: the event cannot be read: ${messageOf(error)}`, { cause: error });
  }
  throw new Error(`GITHUB_EVENT_PATH: ${quote(path)} is not a JSON object`);
}

function changeOf(event: string): GithubContext['change'] {
  if (PROPOSING.has(event)) return 'proposed';
  return ACCEPTING.has(event) ? 'accepted' : 'unknown';
}
