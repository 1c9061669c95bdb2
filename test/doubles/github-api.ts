import { createServer, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { type FakeAnswer, FakePulls } from './github-pulls.ts';

export interface FakeComment {
  readonly id: number;
  /** The number of its pull request. Default: 7. */
  readonly issue?: number;
  readonly user: { readonly login: string };
  body: string;
}

/** An answer in place of that of the API. */
export interface GithubFault {
  /** `METHOD path?query`. */
  readonly request: RegExp;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly value?: unknown;
  /** How often. Default: once. */
  readonly times?: number;
  /** Whether the request is carried out nevertheless: only its answer is lost. */
  readonly isDone?: boolean;
}

/** The part of GitHub's API that comments and pull requests need, for one token. */
export interface FakeGithub extends Pick<FakePulls, 'repositories' | 'pulls'> {
  readonly url: string;
  /** Of the pull requests of `acme/images`. */
  readonly comments: FakeComment[];
  /** Repositories, forks and pull requests. */
  readonly hosted: FakePulls;
  /** `METHOD path?query` of each request. */
  readonly requests: string[];
  /** Answers writes with this status from now on. */
  refuseWrites(status: number): void;
  addFault(fault: GithubFault): void;
}

export const TOKEN = 'github-token-1234';
const BOT = 'github-actions[bot]';
const COMMENTS = /^\/repos\/acme\/images\/issues\/(\d+)\/comments$/;
const COMMENT = /^\/repos\/acme\/images\/issues\/comments\/(\d+)$/;
const DEFAULT_ISSUE = 7;

/** For the running test. Anything unexpected is answered with 404. */
export async function fakeGithub(): Promise<FakeGithub> {
  const comments: FakeComment[] = [];
  const requests: string[] = [];
  const hosted = new FakePulls();
  const faults: { fault: GithubFault; left: number }[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '', 'http://github');
      const line = `${request.method} ${request.url}`;
      requests.push(line);
      const body = await bodyOf(request);
      const due = faults.find(({ fault, left }) => left > 0 && fault.request.test(line));
      if (due !== undefined) due.left -= 1;
      const answered = due === undefined || due.fault.isDone ? answer(request, url, body) : undefined;
      const { status, headers = {}, value = {} } = { ...answered, ...due?.fault };
      const sent = { 'content-type': 'application/json', ...headers };
      response.writeHead(status ?? 500, sent).end(JSON.stringify(value));
    })();
  });
  const answer = ({ method = '', headers }: IncomingMessage, url: URL, body: string): FakeAnswer => {
    if (headers.authorization !== `Bearer ${TOKEN}`) return { status: 401, value: {} };
    if (url.pathname === '/graphql') return { status: 200, value: { data: { viewer: { login: BOT } } } };
    const issue = Number(COMMENTS.exec(url.pathname)?.[1]);
    if (method === 'GET' && issue > 0) {
      const size = Number(url.searchParams.get('per_page'));
      const from = (Number(url.searchParams.get('page')) - 1) * size;
      const own = comments.filter((comment) => (comment.issue ?? DEFAULT_ISSUE) === issue);
      return { status: 200, value: own.slice(from, from + size) };
    }
    if (method === 'POST' && issue > 0) {
      const comment = { id: comments.length + 1, issue, user: { login: BOT }, body: textOf(body) };
      comments.push(comment);
      return { status: 201, value: comment };
    }
    const found = comments.find(({ id }) => String(id) === COMMENT.exec(url.pathname)?.[1]);
    if (method !== 'PATCH' || found === undefined) {
      return hosted.answer(method, url, body) ?? { status: 404, value: { message: 'Not Found' } };
    }
    found.body = textOf(body);
    return { status: 200, value: found };
  };
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    comments,
    requests,
    hosted,
    repositories: hosted.repositories,
    pulls: hosted.pulls,
    refuseWrites: (status) =>
      void faults.push({
        fault: { request: /^(?!GET|POST \/graphql)/, status },
        left: Number.POSITIVE_INFINITY,
      }),
    addFault: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
  };
}

function textOf(body: string): string {
  const { body: text }: { body: string } = JSON.parse(body);
  return text;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
