import { createServer, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';

export interface FakeComment {
  readonly id: number;
  readonly user: { readonly login: string };
  body: string;
}

/** The part of GitHub's API that comments need, for one repository and one token. */
export interface FakeGithub {
  readonly url: string;
  readonly comments: FakeComment[];
  /** `METHOD path?query` of each request. */
  readonly requests: string[];
  /** Answers writes with this status from now on. */
  refuseWrites(status: number): void;
}

export const TOKEN = 'github-token-1234';
const BOT = 'github-actions[bot]';
const COMMENTS = /^\/repos\/acme\/images\/issues\/7\/comments$/;
const COMMENT = /^\/repos\/acme\/images\/issues\/comments\/(\d+)$/;

/** For the pull request 7 of `acme/images`, in the running test. Anything unexpected is answered with 404. */
export async function fakeGithub(): Promise<FakeGithub> {
  const comments: FakeComment[] = [];
  const requests: string[] = [];
  const state = { refusal: undefined as number | undefined };
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '', 'http://github');
      requests.push(`${request.method} ${request.url}`);
      const { status, value } = answer(request, url, await bodyOf(request));
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    })();
  });
  const answer = ({ method, headers }: IncomingMessage, url: URL, body: string) => {
    if (headers.authorization !== `Bearer ${TOKEN}`) return { status: 401, value: {} };
    if (url.pathname === '/graphql') return { status: 200, value: { data: { viewer: { login: BOT } } } };
    if (method !== 'GET' && state.refusal !== undefined) return { status: state.refusal, value: {} };
    if (method === 'GET' && COMMENTS.test(url.pathname)) {
      const size = Number(url.searchParams.get('per_page'));
      const from = (Number(url.searchParams.get('page')) - 1) * size;
      return { status: 200, value: comments.slice(from, from + size) };
    }
    if (method === 'POST' && COMMENTS.test(url.pathname)) {
      const comment = { id: comments.length + 1, user: { login: BOT }, body: textOf(body) };
      comments.push(comment);
      return { status: 201, value: comment };
    }
    const found = comments.find(({ id }) => String(id) === COMMENT.exec(url.pathname)?.[1]);
    if (method !== 'PATCH' || found === undefined) return { status: 404, value: {} };
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
    refuseWrites: (status) => {
      state.refusal = status;
    },
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
