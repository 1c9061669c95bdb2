// Covers src/adapters/git/checkout.ts
// Covers src/ports/clone.ts
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCheckout } from '../../../src/adapters/git/checkout.ts';
import { createClone } from '../../../src/adapters/git/clone.ts';
import { GIT_ENV, gitRepository, runGit } from '../../builders/git-repository.ts';
import { testdir } from '../../builders/testdir.ts';
import { startGitServer } from '../../doubles/git-server.ts';

const NEVER = new AbortController().signal;
const TOKEN = 'secret-token-1234';
const AUTHORIZATION = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`;
const USER = {
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'user.name',
  GIT_CONFIG_VALUE_0: 'Ann',
  GIT_CONFIG_KEY_1: 'user.email',
  GIT_CONFIG_VALUE_1: 'ann@example.com',
};

/** A bare upstream with two commits and a fork of it, served over http. */
async function world() {
  const work = await gitRepository();
  const first = work.commit({ 'list.yaml': 'old\n', 'b.txt': 'b\n' });
  const served = await testdir({ 'served/': '' });
  const bare = (name: string) => join(served, name);
  for (const name of ['upstream.git', 'fork.git'])
    runGit(served, ['clone', '--quiet', '--bare', work.directory, name]);
  work.commit({ 'list.yaml': 'new\n', 'b.txt': 'b\n' });
  work.git('push', '--quiet', bare('upstream.git'), 'main');
  const server = await startGitServer(served, { pushWith: AUTHORIZATION });
  const temporary = await testdir({});
  const open = (options = {}) =>
    createClone(
      {
        url: `${server.url}/upstream.git`,
        branch: 'main',
        checkout: undefined,
        token: TOKEN,
        temporary,
        env: { ...GIT_ENV, ...USER },
        ...options,
      },
      NEVER,
    );
  const place = { url: `${server.url}/fork.git`, branch: 'topic' };
  const inFork = (...args: string[]) => runGit(bare('fork.git'), args);
  return { work, first, bare, server, temporary, open, place, inFork };
}

async function change(clone: Awaited<ReturnType<typeof createClone>>, text: string) {
  writeFileSync(join(clone.directory, 'list.yaml'), text);
  await clone.commit('list.yaml', 'a title', NEVER);
}

it('a signed-off commit on top of the newest one gets to a fork that is behind', async () => {
  const { open, place, inFork, server } = await world();
  const clone = await open();
  await change(clone, 'newer\n');
  expect(await clone.readBranch(place, 'list.yaml', NEVER)).toBeUndefined();
  await clone.push(place, undefined, NEVER);
  expect(inFork('show', 'topic:list.yaml')).toBe('newer');
  expect(inFork('log', '--format=%an <%ae> %s', '-1', 'topic')).toBe('Ann <ann@example.com> a title');
  expect(inFork('log', '--format=%b', '-1', 'topic')).toBe('Signed-off-by: Ann <ann@example.com>');
  expect(inFork('rev-list', '--count', 'topic')).toBe('3');
  expect(server.requests.every((line) => line.endsWith(AUTHORIZATION))).toBe(true);
});

it('the token stands in no file of the clone', async () => {
  const { open } = await world();
  const { directory } = await open();
  const config = readFileSync(join(directory, '.git/config'), 'utf8');
  expect(config).not.toContain(TOKEN);
  expect(config).not.toContain(AUTHORIZATION);
});

describe('a branch of the fork', () => {
  it('with the same change to the same content is told from others', async () => {
    const { open, place, work, bare } = await world();
    const [first, second] = [await open(), await open()];
    await change(first, 'newer\n');
    await first.push(place, undefined, NEVER);
    await change(second, 'newest\n');
    const read = async (clone: typeof first) => await clone.readBranch(place, 'list.yaml', NEVER);
    expect(await read(first)).toMatchObject({ isSameChange: true, subject: 'a title' });
    expect(await read(second)).toMatchObject({ isSameChange: false });
    work.commit({ 'list.yaml': 'new\n', 'b.txt': 'changed\n' });
    work.git('push', '--quiet', bare('upstream.git'), 'main');
    const third = await open();
    await change(third, 'newer\n');
    expect(await read(third)).toMatchObject({ isSameChange: true });
  });

  it('has its subject, whatever git is set to show with it', async () => {
    const { open, place } = await world();
    const gpg = [
      '#!/bin/sh',
      'case "$*" in',
      '*verify*) echo "[GNUPG:] GOODSIG 1 Ann"; echo "gpg: good signature" >&2;;',
      '*) cat > /dev/null; echo "[GNUPG:] SIG_CREATED " >&2',
      '  printf -- "-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n";;',
      'esac',
    ];
    const program = join(await testdir({}), 'gpg');
    writeFileSync(program, gpg.join('\n'), { mode: 0o755 });
    const settings = {
      GIT_CONFIG_COUNT: '5',
      GIT_CONFIG_KEY_2: 'commit.gpgSign',
      GIT_CONFIG_VALUE_2: 'true',
      GIT_CONFIG_KEY_3: 'log.showSignature',
      GIT_CONFIG_VALUE_3: 'true',
      GIT_CONFIG_KEY_4: 'gpg.program',
      GIT_CONFIG_VALUE_4: program,
    };
    const clone = await open({ env: { ...GIT_ENV, ...USER, ...settings } });
    await change(clone, 'newer\n');
    await clone.push(place, undefined, NEVER);
    expect(await clone.readBranch(place, 'list.yaml', NEVER)).toMatchObject({ subject: 'a title' });
  });

  it('is replaced from the tip that was read, and from no other', async () => {
    const { open, place, inFork } = await world();
    const clone = await open();
    await change(clone, 'newer\n');
    await clone.push(place, undefined, NEVER);
    const tip = (await clone.readBranch(place, 'list.yaml', NEVER))?.tip;
    await clone.reset(NEVER);
    expect(readFileSync(join(clone.directory, 'list.yaml'), 'utf8')).toBe('new\n');
    await change(clone, 'newest\n');
    const message = /the branch topic of ".*fork.git" was changed meanwhile: run it again/;
    await expect(clone.push(place, undefined, NEVER)).rejects.toThrow(message);
    await expect(clone.push(place, 'a'.repeat(40), NEVER)).rejects.toMatchObject({ code: 'stale' });
    await clone.push(place, tip, NEVER);
    expect(inFork('show', 'topic:list.yaml')).toBe('newest');
  });
});

describe('a failure is named, and leaves no clone', () => {
  it('of a user without a name', async () => {
    const { open, temporary } = await world();
    const opening = open({ env: GIT_ENV });
    await expect(opening).rejects.toThrow(/run "git config --global user.name NAME" and/);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('of a directory for temporary files that is missing', async () => {
    const { open } = await world();
    const words = /cannot create a directory in "\/none": ENOENT.*: set TMPDIR$/;
    await expect(open({ temporary: '/none' })).rejects.toThrow(words);
  });

  it('of a repository that is missing', async () => {
    const { open, server, temporary } = await world();
    const words = /^cannot clone "http.*\/none.git": .*not found/;
    await expect(open({ url: `${server.url}/none.git` })).rejects.toThrow(words);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('of a fork that cannot be read by ssh', async () => {
    const { open } = await world();
    const clone = await open();
    const place = { url: 'ssh://git@127.0.0.1:1/fork.git', branch: 'topic' };
    const reading = clone.readBranch(place, 'list.yaml', NEVER);
    await expect(reading).rejects.toThrow(/^cannot read "ssh:.*: add an ssh key, or set -use-ssh=false$/);
  });

  it.each([
    'fatal: write error: No space left on device',
    "fatal: sha1 file '.git/index.lock' write error. Out of diskspace",
    "fatal: cannot update ref 'HEAD': couldn't write '.git/HEAD.lock'",
  ])('of a full disk: %s', async (complaint) => {
    const { open, temporary } = await world();
    const [failing, git] = [await testdir({}), execFileSync('which', ['git'], { encoding: 'utf8' }).trim()];
    const script = `#!/bin/sh\ncase "$*" in *" commit "*) echo "${complaint}" >&2; exit 128;; esac\nexec ${git} "$@"\n`;
    writeFileSync(join(failing, 'git'), script, { mode: 0o755 });
    const clone = await open({ env: { ...GIT_ENV, ...USER, PATH: `${failing}:${GIT_ENV.PATH}` } });
    const words = /^git commit: fatal: .*: free some space, or set TMPDIR to another disk$/;
    await expect(change(clone, 'newer\n')).rejects.toThrow(words);
    await clone.remove();
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('of a push that is refused', async () => {
    const { open, place } = await world();
    const clone = await open({ token: 'another' });
    await change(clone, 'newer\n');
    await expect(clone.push(place, undefined, NEVER)).rejects.toThrow(/cannot push to ".*": fatal: .*403/);
    await clone.remove();
    expect(existsSync(clone.directory)).toBe(false);
  });

  it('of a push that a hook of the fork refuses', async () => {
    const { open, place, bare } = await world();
    const hook = '#!/bin/sh\necho "only on weekdays" >&2; exit 1\n';
    writeFileSync(join(bare('fork.git'), 'hooks/pre-receive'), hook, { mode: 0o755 });
    const clone = await open();
    await change(clone, 'newer\n');
    const words = /remote: only on weekdays.*pre-receive hook declined/;
    await expect(clone.push(place, undefined, NEVER)).rejects.toThrow(words);
  });
});

describe('a checkout', () => {
  it('lends its objects and the name of its user, and is not touched', async () => {
    const { open, work, temporary } = await world();
    work.git('config', 'user.name', 'Bob');
    work.git('config', 'user.email', 'bob@example.com');
    work.write({ 'list.yaml': 'not committed\n' });
    const before = work.git('status', '--porcelain');
    const clone = await open({ checkout: work.directory, env: GIT_ENV });
    await change(clone, 'newer\n');
    expect(runGit(clone.directory, ['log', '-1', '--format=%an'])).toBe('Bob');
    expect(existsSync(join(clone.directory, '.git/objects/info/alternates'))).toBe(true);
    expect(work.git('status', '--porcelain')).toBe(before);
    expect(readdirSync(temporary)).toHaveLength(1);
  });

  it('has a top, a path within it and a remote', async () => {
    const { work } = await world();
    work.commit({ 'deep/manifests/a.yaml': '' });
    const read = () => readCheckout(join(work.directory, 'deep'), GIT_ENV, NEVER);
    expect(await read()).toEqual({ top: work.directory, prefix: 'deep/', remoteUrl: undefined });
    work.git('remote', 'add', 'origin', 'git@github.com:me/images.git');
    expect(await read()).toMatchObject({ remoteUrl: 'git@github.com:me/images.git' });
    work.git('remote', 'add', 'upstream', 'https://github.com/acme/images');
    expect(await read()).toMatchObject({ remoteUrl: 'https://github.com/acme/images' });
  });
});
