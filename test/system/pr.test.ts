// Covers src/cli/browse/merge-images.ts
// Covers src/cli/commands/pr.ts
// Covers src/cli/commands/run/pull-request-command.ts
// Covers src/cli/commands/run/pull-request-tasks.ts
// Covers src/cli/commands/run/run-pr.ts
// Covers src/cli/flags/options/pull-request-options.ts
// Covers src/cli/runtime/open-upstream.ts
// Covers src/workflows/pull-request/propose.ts
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GIT_ENV, runGit } from '../builders/git-repository.ts';
import { image, push } from '../builders/images.ts';
import { digest } from '../builders/manifests.ts';
import { testdir } from '../builders/testdir.ts';
import { TOKEN } from '../doubles/github-api.ts';
import type { CipOptions } from '../doubles/run-cip.ts';
import { AUTHORIZATION, githubWorld } from './github-world.ts';
import { embedded, registriesOf, writesOf } from './staging.ts';

const OLD = digest('0');
const LIST = `# owners: the app team\n- name: app\n  dmap:\n    "${OLD}": ["v0.9"]\n`;
const BRANCH = 'app-v1.0-image-promotion';

/** A project whose staging has the tags v1.0 and v2.0. */
async function world({ list = LIST } = {}) {
  const registry = await embedded({ listing: 'google' });
  const staging = `${registry.host}/staging`;
  const digests = {
    v1: push(registry, 'staging/app', image({ seed: 'one' }), 'v1.0', 'latest'),
    v2: push(registry, 'staging/app', image({ seed: 'two' }), 'v2.0', 'v2.0.1'),
    tool: push(registry, 'staging/tool', image({ seed: 'tool' }), 'v1.0'),
  };
  const files = {
    'manifests/app/promoter-manifest.yaml': registriesOf(staging, ['prod.invalid/p']),
    'images/app/images.yaml': list,
    'README.md': 'about\n',
  };
  const hosted = await githubWorld(files);
  const pr = (args: readonly string[], options?: CipOptions) =>
    hosted.pr(
      [...(args.some((arg) => arg.startsWith('-project')) ? [] : ['-project=app']), ...args],
      options,
    );
  const listOf = (branch: string) => hosted.inFork('show', `${branch}:images/app/images.yaml`);
  return { ...hosted, registry, staging, digests, files, pr, listOf };
}

describe('cip pr', () => {
  it('forks, commits signed off, pushes and opens a pull request', async () => {
    const { pr, github, inFork, listOf, digests, registry, temporary, server } = await world();
    const run = await pr(['-tag=v1.0', '-reviewers=@alice and @acme/leads']);
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout).toBe('https://github.example/acme/images/pull/7\n');
    expect(github.pulls).toMatchObject([
      {
        head: `me:${BRANCH}`,
        base: 'main',
        title: 'Image promotion for app v1.0',
        requested: { reviewers: ['alice'], team_reviewers: ['leads'] },
      },
    ]);
    expect(github.pulls[0]?.body).toBe(
      [
        'Image promotion for app v1.0',
        'This is an automated PR generated from `cip`',
        '```',
        "cip pr --fork me --upstream acme/images --project app --reviewers '@alice and @acme/leads' --tag v1.0",
        '```',
        '',
        '<!-- cip images -->',
        '| image | tags | digest |',
        '| --- | --- | --- |',
        `| app | v1.0 | \`${digests.v1}\` |`,
        `| tool | v1.0 | \`${digests.tool}\` |`,
        '<!-- /cip images -->',
        '',
        '/hold',
        'cc: @alice and @acme/leads',
        '',
      ].join('\n'),
    );
    expect(inFork('diff', '--stat', `main..${BRANCH}`)).toMatch(/1 file changed, 4 insertions/);
    expect(listOf(BRANCH)).toContain(`# owners: the app team\n`);
    expect(inFork('log', '-1', '--format=%B', BRANCH)).toBe(
      'Image promotion for app v1.0\n\nSigned-off-by: Ann <ann@example.com>',
    );
    expect(writesOf(registry)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
    expect(run.stderr).not.toContain(TOKEN);
    expect(server.requests.every((line) => line.endsWith(AUTHORIZATION))).toBe(true);
  });

  it('a second time finds nothing to do, also after another change of upstream', async () => {
    const { pr, github, inFork, push: pushUpstream, files } = await world();
    await pr(['-tag=v1.0']);
    const tip = inFork('rev-parse', BRANCH);
    pushUpstream({ ...files, 'README.md': 'changed\n' });
    const again = await pr(['-tag=v1.0']);
    expect(again).toMatchObject({ status: 0, stdout: 'https://github.example/acme/images/pull/7\n' });
    expect(again.stderr).toContain('nothing to do');
    expect(inFork('rev-parse', BRANCH)).toBe(tip);
    expect(github.requests.filter((line) => line.startsWith('P'))).toEqual([
      'POST /repos/acme/images/forks',
      'POST /repos/acme/images/pulls',
    ]);
    expect(github.comments).toEqual([]);
  });

  it('updates its branch and its pull request if the same tag has more images', async () => {
    const { pr, github, listOf, registry, digests } = await world();
    await pr(['-tag=v1.0']);
    Object.assign(github.pulls[0] ?? {}, { body: `${github.pulls[0]?.body}a note by a person\n` });
    const more = push(registry, 'staging/more', image({ seed: 'more' }), 'v1.0');
    const run = await pr(['-tag=v1.0']);
    expect(run.status, run.stderr).toBe(0);
    expect(github.pulls).toHaveLength(1);
    expect(github.pulls[0]?.body).toContain(`| more | v1.0 | \`${more}\` |`);
    expect(github.pulls[0]?.body).toContain('a note by a person');
    expect(github.comments).toMatchObject([{ body: expect.stringMatching(/\| more \|[^]*\n\/hold\n$/) }]);
    expect(listOf(BRANCH)).toContain(more);
    expect(listOf(BRANCH)).toContain(digests.v1);
  });

  it('rebuilds its branch if the list changed upstream', async () => {
    const { pr, listOf, push: pushUpstream, files, github, digests } = await world();
    await pr(['-tag=v1.0']);
    pushUpstream({ ...files, 'images/app/images.yaml': LIST.replace('v0.9', 'v0.8') });
    expect((await pr(['-tag=v1.0'])).status).toBe(0);
    expect(listOf(BRANCH)).toContain('v0.8');
    expect(listOf(BRANCH)).toContain(digests.v1);
    expect(github.pulls).toHaveLength(1);
  });

  it('with another selection has a branch and a pull request of its own', async () => {
    const { pr, github, listOf, digests } = await world();
    await pr(['-tag=v1.0', '-image=app']);
    await pr(['-tag=v1.0', '-image=tool']);
    const [app = '', tool = ''] = github.pulls.map(({ head }) => head.replace('me:', ''));
    expect(app).not.toBe(tool);
    expect(listOf(app)).not.toContain(digests.tool);
    expect(listOf(tool)).not.toContain(digests.v1);
  });

  it('takes globs and ranges, and both tags of one call', async () => {
    const { pr, github } = await world();
    expect((await pr(['-t', 'v1.0,v2.0'])).status).toBe(0);
    expect((await pr(['--tag', '>=1.5', '--image', 'a*'])).status).toBe(0);
    expect(github.pulls.map(({ title }) => title)).toEqual([
      'Image promotion for app v1.0 / v2.0',
      'Image promotion for app v2.0.1',
    ]);
  });

  it('opens no pull request if everything is in the list', async () => {
    const first = await world();
    const list = `- name: app\n  dmap:\n    "${first.digests.v2}": ["v2.0"]\n`;
    const { pr, github } = await world({ list });
    const run = await pr(['-tag=v2.0']);
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).toContain('No changes detected in the promoter images list');
    expect(github.pulls).toEqual([]);
  });

  it('opens a new pull request after one of the same branch was closed', async () => {
    const { pr, github } = await world();
    await pr(['-tag=v1.0']);
    Object.assign(github.pulls[0] ?? {}, { state: 'closed' });
    expect((await pr(['-tag=v1.0'])).stdout).toMatch(/pull\/8$/m);
  });

  it('completes what an earlier run has left', async () => {
    const { pr, github, inFork } = await world();
    github.addFault({ request: /^POST .*\/pulls$/, status: 403, value: { message: 'no' } });
    const broken = await pr(['-tag=v1.0']);
    expect(broken).toMatchObject({ status: 1, stdout: '' });
    expect(inFork('rev-parse', '--verify', BRANCH)).toMatch(/^[0-9a-f]{40}$/);
    expect((await pr(['-tag=v1.0'])).stdout).toMatch(/pull\/7$/m);
  });

  it('opens one pull request although GitHub fails in the middle', async () => {
    const { pr, github } = await world();
    github.addFault({ request: /^POST .*\/pulls$/, status: 502, isDone: true });
    const run = await pr(['-tag=v1.0']);
    expect(run.status, run.stderr).toBe(0);
    expect(github.pulls).toHaveLength(1);
  });

  it('pushes to the repository itself if it is named as the fork', async () => {
    const { pr, github, bare } = await world();
    expect((await pr(['-tag=v1.0', '-fork=acme'])).status).toBe(0);
    expect(github.pulls).toMatchObject([{ head: `acme:${BRANCH}`, base: 'main' }]);
    expect(runGit(bare('acme/images'), ['branch', '--list', BRANCH])).toContain(BRANCH);
  });

  it('of two runs at once, one changes the branch', async () => {
    const { pr, github } = await world();
    await pr(['-tag=v2.0']);
    const runs = await Promise.all([pr(['-tag=v1.0']), pr(['-tag=v1.0'])]);
    for (const { status, stderr } of runs)
      if (status !== 0) expect(stderr).toContain('was changed meanwhile: run it again');
    expect(runs.map(({ status }) => status)).toContain(0);
    expect(github.pulls).toHaveLength(2);
  });
});

describe('cip pr does nothing', () => {
  it('with -dry-run but print the pull request and the diff', async () => {
    const { pr, github, digests, temporary } = await world();
    const run = await pr(['-tag=v1.0', '-dry-run', '-issue=https://github.com/acme/images/issues/3']);
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout).toMatch(
      /^branch: me\/images:app-v1.0-image-promotion\ninto: acme\/images:main\ntitle: Image promotion for app v1.0\n/,
    );
    expect(run.stdout).toContain('\nxref: https://github.com/acme/images/issues/3\n');
    expect(run.stdout).toContain(`--- a/images/app/images.yaml`);
    expect(run.stdout).toContain(`+    "${digests.v1}": ["v1.0"]`);
    expect(github.requests).toEqual(['GET /repos/acme/images']);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('if a tag would move, and names it', async () => {
    const { pr, github } = await world({ list: LIST.replace('v0.9', 'v1.0') });
    const run = await pr(['-tag=v1.0']);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(`app:v1.0 is ${OLD} at images/app/images.yaml:4:5: a tag is not moved`);
    expect(github.pulls).toEqual([]);
  });

  it('if staging lacks the tag', async () => {
    const { pr, github } = await world();
    const run = await pr(['-tag=v9']);
    expect(run).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no images survived filtering by -tag="v9"; double-check'),
    });
    expect(run.stderr).not.toContain('is empty');
    expect(github.requests).toEqual(['GET /repos/acme/images']);
  });

  it('if staging cannot be read', async () => {
    const { pr, registry, github } = await world();
    registry.addFault({
      path: /staging/,
      times: Number.POSITIVE_INFINITY,
      act: { kind: 'status', status: 403 },
    });
    const run = await pr(['-tag=v1.0']);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('was not read completely') });
    expect(github.pulls).toEqual([]);
  });

  it.each([
    ['no manifests', { 'README.md': 'about\n' }, / acme\/images: stat directory images: no such file/],
    [
      'no list',
      {
        'manifests/app/promoter-manifest.yaml': registriesOf('a.io/s', ['b.io/p']),
        'images/x/images.yaml': '',
      },
      / acme\/images: .*"images\/app\/images.yaml" does not exist/,
    ],
  ])('if the repository has %s, and names its files', async (_what, files, words) => {
    const { pr, push: pushUpstream, temporary } = await world();
    pushUpstream(files);
    const run = await pr(['-tag=v1.0']);
    expect(run).toMatchObject({ status: 2, stderr: expect.stringMatching(words) });
    expect(run.stderr).not.toContain(temporary);
  });

  it('to a branch with commits of another author', async () => {
    const { pr, inFork } = await world();
    await pr(['-tag=v1.0']);
    const commit = ['commit-tree', '-m', 'a fix by hand', '-p', BRANCH, `${BRANCH}^{tree}`];
    const tip = inFork(...commit);
    inFork('update-ref', `refs/heads/${BRANCH}`, tip);
    const run = await pr(['-tag=v1.0']);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('commits of another author') });
    expect(inFork('rev-parse', BRANCH)).toBe(tip);
  });

  it('to a branch whose commit somebody has amended', async () => {
    const { pr, inFork, bare } = await world();
    await pr(['-tag=v1.0']);
    const message = inFork('log', '-1', '--format=%B', BRANCH);
    const commit = ['commit-tree', '-m', message, '-p', 'main', 'main^{tree}'];
    const tip = runGit(bare('me/images'), commit, { GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z' });
    inFork('update-ref', `refs/heads/${BRANCH}`, tip);
    const run = await pr(['-tag=v1.0']);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('commits of another author') });
    expect(inFork('rev-parse', BRANCH)).toBe(tip);
  });

  it('without rights to push', async () => {
    const { pr, github } = await world();
    const run = await pr(['-tag=v1.0'], { env: { GITHUB_TOKEN: '', GH_TOKEN: 'wrong-token-1' } });
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('expired or revoked') });
    expect(run.stderr).not.toContain('wrong-token-1');
    expect(github.pulls).toEqual([]);
  });

  it('within the rate limit, whose end is named', async () => {
    const { pr, github } = await world();
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1767268800' };
    github.addFault({ request: /pulls/, status: 403, headers, times: 100 });
    const run = await pr(['-tag=v1.0']);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('2026-01-01T12:00:00.000Z') });
  });

  it('with a branch that the fork refuses', async () => {
    const { pr, github, bare } = await world();
    await pr(['-tag=v2.0']);
    const hook = '#!/bin/sh\necho "branches are frozen" >&2; exit 1\n';
    writeFileSync(join(bare('me/images'), 'hooks/pre-receive'), hook, { mode: 0o755 });
    const run = await pr(['-tag=v1.0']);
    expect(run).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/cannot push .*branches are frozen/),
    });
    expect(github.pulls).toHaveLength(1);
  });

  it('for a user without a name', async () => {
    const { pr, github } = await world();
    const env = { ...GIT_ENV, GIT_CONFIG_COUNT: '0' };
    const run = await pr(['-tag=v1.0'], { env });
    expect(run).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('git config --global user.name'),
    });
    expect(github.pulls).toEqual([]);
  });

  it.each([
    [['-tag=latest'], /-tag cannot be "latest"/],
    [['-tag=v1', '-github-api-url=http://ghe.example'], /is https:\/\/HOST\/PATH without a user/],
    [['-project=none', '-tag=v1'], /no project "none", there is app/],
    [['-staging_repo=gcr.io/none', '-tag=v1'], /could not find Manifest for "gcr.io\/none"/],
    [[], /cannot start promotion --tag is required/],
    [['-tag=v1', '-fork='], /cannot start promotion --fork is required/],
    [['-tag=v1', '-fork=a/b/c'], /checking user's fork: /],
    [['-tag=v1', '-fork=me/..'], /checking user's fork: -fork is OWNER or OWNER\/REPO, not "me\/.."/],
    [['-tag=v1', '-base_dir=.', '-upstream=acme/.'], /-upstream is OWNER\/REPO, not "acme\/."/],
    [
      ['-tag=v1', '-watch'],
      /-watch takes projects and tags from .cip.yaml, so -tag, -project is not allowed/,
    ],
  ])('for %j', async (args, words) => {
    const { pr, github } = await world();
    const run = await pr(args);
    expect(run).toMatchObject({ status: 2, stderr: expect.stringMatching(words) });
    expect(github.requests.filter((line) => !line.startsWith('GET'))).toEqual([]);
  });

  it('without a token', async () => {
    const { pr } = await world();
    const run = await pr(['-tag=v1'], { env: { GITHUB_TOKEN: undefined } });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('cannot promote images if GitHub token env var GITHUB_TOKEN is not set');
  });
});

describe('a token', () => {
  it.each([`${TOKEN}\n`, ` ${TOKEN}\r\n`])('%j is used without its white space', async (token) => {
    const { pr, github } = await world();
    const run = await pr(['-tag=v1.0'], { env: { GITHUB_TOKEN: token } });
    expect(run.status, run.stderr).toBe(0);
    expect(github.pulls).toHaveLength(1);
  });

  it.each(['first-secret\nsecond-secret', 'first-secret second-secret', 'first-secret-\u2013'])(
    '%j is refused, and not shown',
    async (token) => {
      const { pr, github } = await world();
      const run = await pr(['-tag=v1.0'], { env: { GITHUB_TOKEN: token } });
      expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining('set it to the token alone') });
      expect(run.stderr).not.toMatch(/first-secret|second-secret/);
      expect(github.requests).toEqual([]);
    },
  );
});

describe('kpromo pr -interactive', () => {
  it('asks before each step', async () => {
    const { pr, github } = await world();
    const run = await pr(['--tag=v1.0', '-i'], { program: 'kpromo', input: 'y\n\nYES\nperhaps\ny\n' });
    expect(run.status, run.stderr).toBe(0);
    const questions = run.stderr.match(/[A-Z][^?\n]*\? \(Y\/n\)/g);
    expect(questions).toEqual([
      'Grow the manifests to add the new tags? (Y/n)',
      "Push changes to user's fork at me/images? (Y/n)",
      'Create pull request? (Y/n)',
      'Clean fork directory? (Y/n)',
      'Clean fork directory? (Y/n)',
    ]);
    expect(github.pulls[0]?.body).toContain('\nkpromo pr --fork me --interactive');
  });

  it('stops at a no, and keeps the clone if it is wanted', async () => {
    const { pr, github, inFork, temporary } = await world();
    const run = await pr(['--tag=v1.0', '-interactive'], { input: 'y\nn\nn\n' });
    expect(run.status, run.stderr).toBe(0);
    expect(github.pulls).toEqual([]);
    expect(inFork('branch', '--list', '*promotion*')).toBe('');
    expect(readdirSync(temporary)).toHaveLength(1);
  });

  it('ends with the input', async () => {
    const { pr, github, temporary } = await world();
    const run = await pr(['--tag=v1.0', '-interactive'], { input: 'y\n' });
    expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining('the input has ended') });
    expect(github.pulls).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

it('a checkout names the repository and the directory, and its changes are not touched', async () => {
  const { start, work, staging, push: pushUpstream, github, inFork, server } = await world();
  pushUpstream({
    'deep/manifests/b/promoter-manifest.yaml': registriesOf(staging, ['prod.invalid/p']),
    'deep/images/b/images.yaml': '[]\n',
  });
  work.git('remote', 'add', 'origin', `${server.url}/acme/images.git`);
  writeFileSync(join(work.directory, 'deep/images/b/images.yaml'), 'not committed\n');
  const run = await start([
    '-tag=v1.0',
    `-base_dir=${join(work.directory, 'deep')}`,
    `-staging_repo=${staging}`,
  ]).ended;
  expect(run.status, run.stderr).toBe(0);
  expect(github.pulls[0]?.title).toBe('Image promotion for b v1.0');
  expect(inFork('show', 'b-v1.0-image-promotion:deep/images/b/images.yaml')).toContain('- name: tool');
  expect(work.git('status', '--porcelain')).toBe('M deep/images/b/images.yaml');
});

describe('a checkout whose repository is not clear is refused', () => {
  it('without a remote', async () => {
    const { start, work } = await world();
    const run = await start(['-tag=v1.0', `-base_dir=${work.directory}`]).ended;
    expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining('no remote upstream or origin') });
  });

  it('of a fork', async () => {
    const { start, work, github, inFork, pr } = await world();
    await pr(['-tag=v1.0']);
    work.git('remote', 'add', 'origin', 'git@github.com:me/images.git');
    const run = await start(['-tag=v2.0', `-base_dir=${work.directory}`]).ended;
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('me/images is a fork of acme/images: give -upstream=acme/images, or');
    expect(github.pulls).toHaveLength(1);
    expect(inFork('branch', '--list', '*v2.0*')).toBe('');
  });

  it('that is none', async () => {
    const { start, files } = await world();
    const directory = await testdir(files);
    const run = await start(['-tag=v1.0', `-base_dir=${directory}`]).ended;
    expect(run).toMatchObject({ status: 2, stderr: expect.stringMatching(/-base_dir: .* is in no git/) });
  });
});

it('SIGINT ends it, and leaves no clone', async () => {
  const { start, registry, temporary, github } = await world();
  registry.addFault({ path: /tags/, times: Number.POSITIVE_INFINITY, act: { kind: 'stall' } });
  const run = start(['-project=app', '-tag=v1.0']);
  await run.says(/manifests read/);
  run.kill('SIGINT');
  expect((await run.ended).status).toBe(130);
  expect(readdirSync(temporary)).toEqual([]);
  expect(github.pulls).toEqual([]);
});
