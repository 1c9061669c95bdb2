// Covers src/cli/commands/review.ts
// Covers src/cli/commands/run/run-review.ts
// Covers src/cli/commands/run/review-changes.ts
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryIn } from '../builders/git-repository.ts';
import { push } from '../builders/images.ts';
import { built, builtIndex, spdx } from '../builders/review-images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { countKinds, embedded, thinFiles, writesOf } from './staging.ts';

/** A repository whose last commit promotes v1.1.0 after v1.0.0, and nothing of it promoted. */
async function world() {
  const registry = await embedded();
  const image = (user: string, ...packages: readonly string[]) => {
    const child = built({ config: { User: user, Labels: { note: 'ping @octocat, fixes #1' } } });
    return builtIndex([child], { sboms: new Map([[child, spdx(...packages)]]) });
  };
  const old = push(registry, 'staging/app', image('65532', 'openssl@3.0'), 'v1.0.0');
  const now = push(registry, 'staging/app', image('0', 'openssl@3.1'), 'v1.1.0');
  const files = (dmap: Readonly<Record<string, readonly string[]>>) =>
    thinFiles({
      a: { from: `${registry.host}/staging`, to: [`${registry.host}/prod`], images: { app: dmap } },
    });
  const repository = repositoryIn(await testdir({}));
  repository.commit(files({ [old]: ['v1.0.0'] }));
  repository.commit(files({ [old]: ['v1.0.0'], [now]: ['v1.1.0'] }));
  const flag = `-thin-manifest-dir=${repository.directory}`;
  return { registry, repository, flag, old, now };
}

const CHANGES = '-manifest-diff-base=HEAD^';

describe('cip review', () => {
  it('compares what a commit adds with what was promoted before it, and writes nothing', async () => {
    const { registry, flag } = await world();
    const run = await runCip(['review', flag, CHANGES]);
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/^\S+\/staging\/app:v1\.1\.0\n/);
    expect(run.stdout).toContain('compared with: v1.0.0 (sha256:');
    expect(run.stdout).toContain('  ~ user: 65532 → 0\n');
    expect(run.stdout).toContain('  ~ package deb/debian/openssl 3.0 → 3.1\n');
    expect(writesOf(registry)).toEqual([]);
  });

  it('prints JSON and Markdown', async () => {
    const { flag, old, now } = await world();
    const json = JSON.parse((await runCip(['review', flag, CHANGES, '-output=json'])).stdout);
    expect(json).toMatchObject({
      version: 1,
      images: [
        {
          digest: now,
          tags: ['v1.1.0'],
          at: expect.stringMatching(/^images\/a\/images\.yaml:\d+:\d+$/),
          previous: { digest: old, tag: 'v1.0.0', chosenBy: 'version' },
          result: { kind: 'compared', fields: [{ field: 'user', before: '65532', after: '0' }] },
        },
      ],
      promoted: [],
    });
    const { stdout } = await runCip(['review', flag, CHANGES, '-output=markdown']);
    expect(stdout).toMatch(/^## Review of new images\n\n<details>/);
  });

  it('without a base reviews what no destination has', async () => {
    const { flag } = await world();
    const all = await runCip(['review', flag, '-output=json']);
    expect(JSON.parse(all.stdout).images).toHaveLength(2);
    await runCip([flag, '-confirm']);
    const none = await runCip(['review', flag]);
    expect(none).toMatchObject({ status: 0, stdout: 'no new images to review\n' });
  });

  it('ends with 1 where an image cannot be read', async () => {
    const { registry, flag, now } = await world();
    registry.store.deleteManifest('staging/app', now);
    const run = await runCip(['review', flag, CHANGES]);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('not reviewed: ');
    expect(run.stderr).toContain('images could not be reviewed: the review has the reasons images=1');
  });

  it.each([
    [['-output=yaml'], 'invalid output format "yaml": expected text, json, markdown'],
    [['-confirm'], '-confirm'],
    [['-manifest-diff-base=auto'], '-manifest-diff-base=auto reads the variables'],
  ])('refuses %s', async (args, message) => {
    const { flag } = await world();
    const run = await runCip(['review', flag, ...args]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(message);
  });
});

describe('a dry run with -review', () => {
  const markdownIn = async (args: readonly string[]) => {
    const file = join(temporaryDirectory(), 'report.md');
    const run = await runWithReport([...args, `-report-markdown=${file}`]);
    return { run, text: readFileSync(file, 'utf8') };
  };

  it('has the review in its Markdown report, where nothing pings anybody', async () => {
    const { flag } = await world();
    const { run, text } = await markdownIn([flag, CHANGES, '-review']);
    expect(run.status).toBe(0);
    expect(text).toContain('<details><summary>Review: 1 new image</summary>');
    expect(text).toContain('| <code>user</code> | <code>65532</code> | <code>0</code> |');
    expect(text).not.toMatch(/@octocat|#1/);
  });

  it('reviews what no destination has, without a base', async () => {
    const { flag } = await world();
    expect((await markdownIn([flag, '-review'])).text).toContain('Review: 2 new images');
  });

  it('keeps its exit code if an image cannot be reviewed', async () => {
    const { registry, flag } = await world();
    registry.addFault({
      kind: 'blob-get',
      act: { kind: 'status', status: 403 },
      times: Number.POSITIVE_INFINITY,
    });
    const { run, text } = await markdownIn([flag, CHANGES, '-review', '-prove=none']);
    expect(run.status).toBe(0);
    expect(run.stderr).toContain('images could not be reviewed');
    expect(text).toContain('not reviewed');
  });

  it('asks no more than a dry run without it', async () => {
    const { registry, flag } = await world();
    await markdownIn([flag, CHANGES]);
    expect(countKinds(registry)['blob-get']).toBeUndefined();
  });

  it.each([
    [
      ['-confirm', '-report-markdown=-'],
      '-review reviews the images of a dry run, so it cannot go with -confirm',
    ],
    [['-parse-only', '-report-markdown=-'], 'so it cannot go with -parse-only'],
    [[], '-review is a part of the Markdown report: give -report-markdown=FILE too'],
  ])('refuses %s', async (args, message) => {
    const { flag } = await world();
    const run = await runCip([flag, '-review', ...args]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(message);
  });
});
