// Covers src/cli/runtime/load-changes.ts
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runGit, repositoryIn } from '../builders/git-repository.ts';
import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { embedded, thinFiles, writesOf } from './staging.ts';

/** A registry and a repository whose last commit adds the tag v2, a destination and nothing else. */
async function world() {
  const registry = await embedded();
  const app = push(registry, 'staging/app', image({ seed: 'app' }));
  const tool = push(registry, 'staging/tool', image({ seed: 'tool' }));
  const files = (tags: readonly string[], to: readonly string[] = ['prod']) =>
    thinFiles({
      a: {
        from: `${registry.host}/staging`,
        to: to.map((name) => `${registry.host}/${name}`),
        images: { app: { [app]: tags }, tool: { [tool]: ['v1'] } },
      },
    });
  const repository = repositoryIn(await testdir({}));
  const flag = `-thin-manifest-dir=${repository.directory}`;
  return { ...repository, registry, files, flag };
}

const POSTSUBMIT = { JOB_TYPE: 'postsubmit' };

describe('a run with -use-prow-manifest-diff', () => {
  it('promotes what changed in a postsubmit, and nothing else', async () => {
    const { registry, commit, files, flag } = await world();
    commit(files(['v1']));
    commit(files(['v1', 'v2']));
    const run = await runWithReport([flag, '-use-prow-manifest-diff', '-confirm'], { env: POSTSUBMIT });
    expect(run.report.summary).toMatchObject({ edges: 1, copied: 1 });
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/changed only edges=1 of=3 base="?[0-9a-f]{12}/);
    expect(registry.store.resolveTag('prod/app', 'v2')).toBeDefined();
    expect(registry.store.resolveTag('prod/app', 'v1')).toBeUndefined();
    expect(registry.store.resolveTag('prod/tool', 'v1')).toBeUndefined();
  });

  it('names its base, and the flag or variable that gave it, in its reports', async () => {
    const { commit, files, flag } = await world();
    const base = commit(files(['v1']));
    commit(files(['v1', 'v2']));
    const directory = temporaryDirectory();
    const shard = async (index: number) => {
      const report = `-report=${directory}/${index}.json`;
      return await runCip([flag, '-use-prow-manifest-diff', `-shard=${index}/2`, report], {
        env: POSTSUBMIT,
      });
    };
    for (const index of [0, 1]) expect((await shard(index)).status).toBe(0);
    const reports = [0, 1].map((index) => join(directory, `${index}.json`));
    const merged = join(directory, 'merged.md');
    const { report } = await runWithReport(['report', 'merge', ...reports, `-report-markdown=${merged}`]);
    expect(report).toMatchObject({ changes: { base, from: 'JOB_TYPE=postsubmit' } });
    expect(readFileSync(merged, 'utf8')).toContain(
      `Only what changed, compared with commit ${base.slice(0, 12)} (JOB\\_TYPE=postsubmit).`,
    );
    const parsed = await runWithReport([flag, '-manifest-diff-since=1 day', '-parse-only']);
    expect(parsed.report).toMatchObject({
      changes: { from: '-manifest-diff-since=1 day', since: expect.stringMatching(/Z$/) },
    });
  });

  it('fills a new destination, and asks no other', async () => {
    const { registry, commit, files, flag } = await world();
    commit(files(['v1']));
    commit(files(['v1'], ['prod', 'new']));
    const run = await runWithReport([flag, '-use-prow-manifest-diff', '-confirm'], { env: POSTSUBMIT });
    expect(run.report.summary).toMatchObject({ edges: 2, copied: 2 });
    expect(
      writesOf(registry).filter((request) => request.includes('/prod/') && request.startsWith('PUT')),
    ).toEqual([]);
  });

  it('with an empty difference sends no request, and still checks every manifest', async () => {
    const { registry, commit, files, flag } = await world();
    commit(files(['v1']));
    commit({ ...files(['v1']), 'README.md': '' });
    const before = registry.requests.length;
    const same = await runWithReport([flag, '-use-prow-manifest-diff'], { env: POSTSUBMIT });
    expect({ status: same.status, edges: same.report.summary.edges }).toEqual({ status: 0, edges: 0 });
    expect(registry.requests).toHaveLength(before);
    commit({ ...files(['v1']), 'images/b/images.yaml': '', 'manifests/b/promoter-manifest.yaml': 'x: [' });
    const broken = await runWithReport([flag, '-use-prow-manifest-diff', '-parse-only'], { env: POSTSUBMIT });
    expect({ status: broken.status, invalid: broken.report.summary.invalid }).toEqual({
      status: 1,
      invalid: 1,
    });
  });

  it('refuses a removal in a presubmit unless it is allowed', async () => {
    const { commit, files, flag } = await world();
    const base = commit(files(['v1', 'v2']));
    commit(files(['v1']));
    const env = { JOB_TYPE: 'presubmit', PULL_BASE_SHA: base };
    const args = [flag, '-use-prow-manifest-diff', '-parse-only'];
    const refused = await runWithReport(args, { env });
    expect(refused.status).toBe(1);
    expect(refused.report.findings).toMatchObject([{ rule: 'removed-entries', level: 'error' }]);
    expect(refused.stderr).toMatch(/ERROR .*removed: v2 \(sha256:.*prod\/app.*-allow-removal/s);
    const allowed = await runWithReport([...args, '-allow-removal'], { env });
    expect(allowed).toMatchObject({ status: 0, report: { findings: [{ level: 'warn' }] } });
    const after = await runWithReport([flag, '-use-prow-manifest-diff', '-parse-only'], { env: POSTSUBMIT });
    expect(after).toMatchObject({ status: 0, report: { findings: [{ level: 'warn' }] } });
  });

  it('warns of a change that only weakens a policy', async () => {
    const { registry, commit, files, flag } = await world();
    const file = 'manifests/a/promoter-manifest.yaml';
    const withMode = (mode: string) => {
      const policy = `signatures: {mode: ${mode}, signers: ["sigstore::https://i.example::a@example.com"]}\n`;
      return { ...files(['v1']), [file]: `${files(['v1'])[file]}${policy}` };
    };
    const base = commit(withMode('require'));
    commit(withMode('warn'));
    const args = [flag, '-use-prow-manifest-diff'];
    const env = { JOB_TYPE: 'presubmit', PULL_BASE_SHA: base };
    const run = await runWithReport(args, { env });
    expect({ status: run.status, edges: run.report.summary.edges }).toEqual({ status: 0, edges: 0 });
    const message = `the policies of ${registry.host}/staging accept more than before: signatures: require is now warn`;
    expect(run.report.findings).toMatchObject([
      { rule: 'weaker-policy', level: 'warn', message, at: expect.stringMatching(`^${file}:\\d+:1$`) },
    ]);
    expect(run.stderr).toContain(message);
    expect((await runCip([...args, '-rule=weaker-policy=error'], { env })).status).toBe(1);
  });

  it('refuses a list of images without a project that the change touches', async () => {
    const { commit, files, flag } = await world();
    commit(files(['v1']));
    commit({ ...files(['v1']), 'images/b/images.yaml': '' });
    const args = [flag, '-parse-only'];
    const touched = await runCip([...args, '-manifest-diff-base=HEAD^']);
    expect(touched.status).toBe(1);
    expect(touched.stderr).toMatch(/images\/b\/images.yaml:1:1: error: nothing in this file is promoted/);
    expect(touched.stderr).not.toMatch(/warning: nothing in this file/);
    expect((await runCip(args)).status).toBe(0);
  });

  it('is unusable in a periodic job and in a shallow clone', async () => {
    const { commit, files, flag, directory } = await world();
    commit(files(['v1']));
    commit(files(['v1', 'v2']));
    const periodic = await runCip([flag, '-use-prow-manifest-diff'], { env: { JOB_TYPE: 'periodic' } });
    expect(periodic).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('unknown job type: "periodic"'),
    });
    const clone = temporaryDirectory();
    runGit(clone, ['clone', '--quiet', '--depth=1', `file://${directory}`, '.']);
    const args = [`-thin-manifest-dir=${clone}`, '-use-prow-manifest-diff'];
    const shallow = await runCip(args, { env: POSTSUBMIT });
    expect(shallow).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/git -C \S+ fetch --unshallow/),
    });
  });
});

it('a plan says that it is for changes, and is applied with its manifests', async () => {
  const { registry, commit, files, flag } = await world();
  const base = commit(files(['v1']));
  commit(files(['v1', 'v2']));
  const plan = join(temporaryDirectory(), 'plan.json');
  expect((await runCip([flag, '-manifest-diff-base=HEAD^', `-plan-out=${plan}`])).status).toBe(0);
  expect(JSON.parse(readFileSync(plan, 'utf8'))).toMatchObject({ origin: { changes: { base } } });
  expect((await runCip(['show', plan])).stdout).toMatch(new RegExp(`^changes +compared with ${base}$`, 'm'));
  const applied = await runWithReport(['apply', plan, flag, '-confirm']);
  expect(applied).toMatchObject({ status: 0, report: { summary: { edges: 1, copied: 1 } } });
  expect(registry.store.resolveTag('prod/tool', 'v1')).toBeUndefined();
});
