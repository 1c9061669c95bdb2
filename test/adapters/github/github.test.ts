// Covers src/adapters/github/api.ts
// Covers src/adapters/github/forks.ts
// Covers src/adapters/github/github-error.ts
import { describe, expect, it } from 'vitest';
import { createGithub } from '../../../src/adapters/github/github.ts';
import { createFetch } from '../../../src/http/fetch.ts';
import type { HeadAndBase } from '../../../src/ports/pull-requests.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { fakeGithub, type GithubFault, TOKEN } from '../../doubles/github-api.ts';
import { scriptedServer } from '../../doubles/scripted-server.ts';

const NEVER = new AbortController().signal;
const UPSTREAM = { full_name: 'acme/images', default_branch: 'main', clone_url: 'http://git/acme' };
const FORK = { ...UPSTREAM, full_name: 'me/images', source: { full_name: 'acme/images' } };
const PROPOSAL = { title: 'a title', body: 'a body' };

async function scene({ token = TOKEN } = {}) {
  const server = await fakeGithub();
  server.hosted.add(UPSTREAM);
  const clock = new FakeClock();
  const client = clientOf(server.url, clock, token);
  const readUpstream = () => client.readRepository('acme/images', NEVER);
  return { server, client, clock, readUpstream };
}

function clientOf(apiUrl: string, clock = new FakeClock(), token = TOKEN) {
  const log = { write: () => {} };
  const { fetch } = createFetch({ network: {}, clock, log, userAgent: 'test' });
  return createGithub({ apiUrl, token: token || undefined, fetch, clock });
}

describe('a fork', () => {
  it('that exists is used', async () => {
    const { server, client, readUpstream } = await scene();
    server.hosted.add(FORK);
    const fork = await client.openFork('me/images', await readUpstream(), NEVER);
    expect(fork).toMatchObject({ name: 'me/images', forkOf: 'acme/images' });
    expect(server.requests.every((line) => line.startsWith('GET'))).toBe(true);
  });

  it('may be the repository itself', async () => {
    const { client, readUpstream } = await scene();
    expect((await client.openFork('Acme/Images', await readUpstream(), NEVER)).name).toBe('acme/images');
  });

  it.each(['me/images', 'my-team/copy'])('%s that is missing is created and waited for', async (name) => {
    const { server, client, clock, readUpstream } = await scene();
    const made: string[] = [];
    server.hosted.makeFork = (_upstream, full) => {
      made.push(full);
      return 'http://git/fork';
    };
    server.addFault({ request: new RegExp(`GET /repos/${name}$`), status: 404, times: 3 });
    expect((await client.openFork(name, await readUpstream(), NEVER)).cloneUrl).toBe('http://git/fork');
    expect(made).toEqual([name]);
    expect(clock.waits.length).toBeGreaterThan(0);
  });

  it('under another name is found', async () => {
    const { server, client, readUpstream } = await scene();
    server.hosted.makeFork = () => 'http://git/fork';
    server.hosted.add({ ...FORK, full_name: 'me/old-images' });
    const fork = await client.openFork('me/images', await readUpstream(), NEVER);
    expect(fork.name).toBe('me/old-images');
  });

  it('that does not become ready is given up', async () => {
    const { server, client, readUpstream } = await scene();
    server.hosted.makeFork = () => 'http://git/fork';
    server.addFault({ request: /GET \/repos\/me\/images$/, status: 404, times: 10_000 });
    const opening = client.openFork('me/images', await readUpstream(), NEVER);
    await expect(opening).rejects.toThrow('the fork me/images was not ready after 5 minutes: run it again');
  });

  it('is no repository of the same name', async () => {
    const { server, client, readUpstream } = await scene();
    server.hosted.add({ ...UPSTREAM, full_name: 'me/images' });
    const opening = client.openFork('me/images', await readUpstream(), NEVER);
    await expect(opening).rejects.toThrow('me/images is not a fork of acme/images');
  });
});

describe('a pull request', () => {
  async function open() {
    const { server, client, readUpstream } = await scene();
    server.hosted.add(FORK);
    const base = await readUpstream();
    const head = await client.openFork('me/images', base, NEVER);
    const branches: HeadAndBase = { base, head, branch: 'topic' };
    return { server, client, branches, base };
  }

  it('is opened, found, updated and commented', async () => {
    const { server, client, branches, base } = await open();
    expect(await client.find(branches, NEVER)).toBeUndefined();
    const { number } = await client.create(branches, PROPOSAL, NEVER);
    await client.update(base, number, { title: 'other', body: 'text' }, NEVER);
    await client.requestReviewers(base, number, ['@alice', '@acme/leads'], NEVER);
    await client.comment(base, number, 'hello', NEVER);
    expect(await client.find(branches, NEVER)).toMatchObject({ number, state: 'open', title: 'other' });
    expect(server.pulls).toMatchObject([
      { head: 'me:topic', base: 'main', requested: { reviewers: ['alice'], team_reviewers: ['leads'] } },
    ]);
    expect(server.comments).toMatchObject([{ issue: number, body: 'hello' }]);
  });

  it('is opened once, where the answer to the first attempt is lost', async () => {
    const { server, client, branches } = await open();
    server.addFault({ request: /^POST .*\/pulls$/, status: 502, isDone: true });
    const { number } = await client.create(branches, PROPOSAL, NEVER);
    expect(server.pulls.map((pull) => pull.number)).toEqual([number]);
  });

  it('of another branch or another repository is never taken for it', async () => {
    const { server, client, branches } = await open();
    await client.create(branches, PROPOSAL, NEVER);
    const shown = (ref: string, name: string) => ({
      ...server.pulls[0],
      head: { ref, repo: { full_name: name } },
    });
    const others = [
      shown('main', 'me/images'),
      shown('topic', 'me/copy'),
      { ...shown('topic', ''), head: null },
    ];
    server.addFault({ request: /^GET .*\/pulls/, status: 200, value: others });
    expect(await client.find(branches, NEVER)).toBeUndefined();
  });

  it('of a fork of the same owner names the fork', async () => {
    const { server, client, base } = await open();
    server.hosted.add({ ...FORK, full_name: 'acme/copy' });
    const head = await client.openFork('acme/copy', base, NEVER);
    const branches = { base, head, branch: 'topic' };
    const { number } = await client.create(branches, PROPOSAL, NEVER);
    expect(server.pulls).toMatchObject([{ head: 'acme:topic', from: 'acme/copy' }]);
    expect(await client.find(branches, NEVER)).toMatchObject({ number });
  });

  it.each([
    ['https://git.example/\u001b[31mx\ny', 'https://git.example/%1B[31mxy'],
    ['no URL', undefined],
  ])('has no control characters in its URL %j', async (html_url, url) => {
    const { server, client, branches } = await open();
    server.addFault({ request: /^POST/, status: 201, value: { number: 7, html_url, state: 'open' } });
    const opening = client.create(branches, PROPOSAL, NEVER);
    if (url === undefined) await expect(opening).rejects.toThrow('unexpected answer');
    else expect((await opening).url).toBe(url);
  });

  it('that is open is preferred to newer ones, and a closed one is told from a merged one', async () => {
    const { server, client, branches } = await open();
    await client.create(branches, PROPOSAL, NEVER);
    Object.assign(server.pulls[0] ?? {}, { state: 'closed', merged_at: '2026-01-01T00:00:00Z' });
    expect(await client.find(branches, NEVER)).toMatchObject({ number: 7, state: 'merged' });
    await client.create(branches, PROPOSAL, NEVER);
    Object.assign(server.pulls[1] ?? {}, { state: 'closed' });
    expect(await client.find(branches, NEVER)).toMatchObject({ number: 8, state: 'closed' });
    Object.assign(server.pulls[0] ?? {}, { state: 'open' });
    expect(await client.find(branches, NEVER)).toMatchObject({ number: 7, state: 'open' });
  });
});

describe('a refusal names the request, the status, the words of GitHub and the remedy', () => {
  const SSO = 'https://github.com/orgs/acme/sso?authorization_request=A';
  const cases: readonly [string, Omit<GithubFault, 'request'>, RegExp][] = [
    [
      'of an old token',
      { status: 401, value: { message: 'Bad credentials' } },
      /Bad credentials: .* expired/,
    ],
    [
      'for single sign-on',
      { status: 403, headers: { 'x-github-sso': `required; url=${SSO}` } },
      /single sign-on of the organization: https:\/\/github.com\/orgs\/acme\/sso/,
    ],
    [
      'for a scope',
      { status: 403, headers: { 'x-oauth-scopes': 'gist', 'x-accepted-oauth-scopes': 'repo' } },
      /has the scopes "gist" and needs one of "repo"/,
    ],
    [
      'for a permission',
      { status: 403, headers: { 'x-accepted-github-permissions': 'pull_requests=write' } },
      /needs one of these permissions: pull_requests=write/,
    ],
    [
      'for the rate limit',
      {
        status: 403,
        headers: {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-limit': '5000',
          'x-ratelimit-reset': String(Date.UTC(2026, 0, 1, 12) / 1000),
        },
      },
      /5000 requests an hour are used up: run it again after 2026-01-01T12:00:00.000Z/,
    ],
    [
      'for the secondary rate limit',
      { status: 403, headers: { 'retry-after': '60' } },
      /too many requests: run it again in 60 s/,
    ],
    ['of an unknown name', { status: 404, value: { message: 'Not Found' } }, /Not Found: check the name/],
    [
      'of a content',
      { status: 422, value: { message: 'Validation Failed', errors: [{ field: 'base', code: 'invalid' }] } },
      /Validation Failed, base invalid$/,
    ],
    ['after retries', { status: 502, times: 1000 }, /status 502: GitHub cannot answer: run it again later$/],
    ['by a page for people', { status: 200, value: 'login here' }, /unexpected answer.*check GITHUB_API_URL/],
  ];

  it.each(cases)('%s', async (_what, fault, words) => {
    const { server, client } = await scene();
    server.addFault({ request: /./, ...fault });
    const reading = client.readRepository('acme/images', NEVER);
    await expect(reading).rejects.toThrow(words);
    await expect(reading).rejects.toThrow(/^github: GET \/repos\/acme\/images: /);
  });

  it('without a token', async () => {
    const { server, client } = await scene({ token: '' });
    server.addFault({ request: /./, status: 404 });
    const reading = client.readRepository('acme/images', NEVER);
    await expect(reading).rejects.toThrow(/status 404: no token was sent: set GITHUB_TOKEN/);
  });
});

it('a GitHub that cannot be reached is told with the setting to check', async () => {
  const reading = clientOf('http://127.0.0.1:1').readRepository('acme/images', NEVER);
  await expect(reading).rejects.toThrow(/ECONNREFUSED.*: check GITHUB_API_URL and the proxy$/);
});

it('a request that GitHub fails once is sent again', async () => {
  const { server, readUpstream } = await scene();
  server.addFault({ request: /./, status: 502 });
  expect((await readUpstream()).name).toBe('acme/images');
});

it.each(['http://github.example', 'https://me:secret@github.example', 'ftp://github.example', 'github'])(
  'sends no token to %s',
  (url) => {
    expect(() => clientOf(url)).toThrow(/is https:\/\/HOST\/PATH without a user/);
    expect(() => clientOf(url)).not.toThrow(/secret/);
  },
);

it('the API of GitHub Enterprise has a path', async () => {
  const body = { full_name: 'a/b', default_branch: 'main', clone_url: 'https://ghe/a/b.git' };
  const server = await scriptedServer([{ request: 'GET /api/v3/repos/a/b', answer: { status: 200, body } }]);
  const repository = await clientOf(`${server.url}/api/v3/`).readRepository('a/b', NEVER);
  expect(repository).toMatchObject({ sshUrl: 'https://ghe/a/b.git', mayRequestReviewers: false });
});
