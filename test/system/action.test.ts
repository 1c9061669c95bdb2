import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { PromotionReport } from '../../src/report/report.ts';
import { repositoryIn, runGit } from '../builders/git-repository.ts';
import { image, push } from '../builders/images.ts';
import { type ActionRun, readAction } from '../doubles/action-runner.ts';
import { TOKEN } from '../doubles/github-api.ts';
import { temporaryDirectory } from '../doubles/run-cip.ts';
import { outsideCommands, PULL_REQUEST, PUSH, world } from './action-world.ts';
import { writesOf } from './staging.ts';

// The steps of action.yml, with a fake event, a fake API and embedded registries.

describe('on a pull request', () => {
  it.each(['check', 'promote'])('mode %s is a dry run with summary, comment and plan', async (mode) => {
    const { call, github, registry } = await world();
    const run = await call({ inputs: { mode }, event: PULL_REQUEST });
    expect(run.outcome).toBe('success');
    expect(writesOf(registry)).toEqual([]);
    expect(run.summary).toMatch(/^## Image promotion \(dry run\)/);
    expect(run.summary).toContain('<details><summary>Review: 1 new image</summary>');
    expect(github.comments.map(({ body }) => body)).toEqual([`<!-- cip ${mode} images -->\n${run.summary}`]);
    expect(run.summary).toContain('https://github.com/acme/images/actions/runs/42');
    expect(run.outputs['exit-code']).toBe('0');
    expect(existsSync(run.outputs['report'] ?? '')).toBe(true);
    expect(run.used).toEqual([
      {
        uses: expect.stringMatching(/^actions\/upload-artifact@[\da-f]{40}$/),
        with: { name: 'cip-plan', path: run.outputs['plan'], overwrite: 'true' },
      },
    ]);
    expect(readFileSync(run.outputs['plan'] ?? '', 'utf8')).toMatch(/^\{"format":"cip-plan"/);
  });

  it('is limited to the changes of the pull request', async () => {
    const { call, workspace } = await world();
    const clone = await pullRequestClone(workspace);
    const run = await call({ event: PULL_REQUEST, workspace: clone, env: { GITHUB_BASE_REF: 'main' } });
    expect(run.log).not.toContain('::notice::');
    expect(edgesOf(run)).toEqual(['prod/app:v2']);
  });

  it.each([
    ['whose base is not in the checkout', { depth: 1, env: {} }, ['prod/app:v1', 'prod/app:v2'], 1],
    ['whose workflow names a base', { env: { CIP_MANIFEST_DIFF_BASE: 'HEAD' } }, [], 0],
  ])(
    '%s is checked as the workflow says',
    async (_, { depth, env }: { depth?: number; env: object }, edges, notices) => {
      const { call, workspace } = await world();
      const clone = await pullRequestClone(workspace, depth);
      const run = await call({
        event: PULL_REQUEST,
        workspace: clone,
        env: { GITHUB_BASE_REF: 'main', ...env },
      });
      expect(edgesOf(run)).toEqual(edges);
      expect(run.log.match(/^::notice::everything is checked.*fetch-depth: 0/gm) ?? []).toHaveLength(notices);
    },
  );

  it('updates its one comment, and no comment of somebody else', async () => {
    const { call, github } = await world();
    const marker = '<!-- cip check images -->';
    for (let id = 1; id <= 120; id++) github.comments.push({ id, user: { login: 'eve' }, body: marker });
    await call({ event: PULL_REQUEST });
    await call({ event: PULL_REQUEST });
    const others = github.comments.slice(0, 120);
    expect(others.every(({ body }) => body === marker)).toBe(true);
    expect(github.comments.slice(120).map(({ user }) => user.login)).toEqual(['github-actions[bot]']);
    expect(github.requests.filter((line) => !line.startsWith('GET'))).toEqual([
      'POST /graphql',
      'POST /repos/acme/images/issues/7/comments',
      'POST /graphql',
      'PATCH /repos/acme/images/issues/comments/121',
    ]);
  });

  it('has no comment if none is wanted', async () => {
    const { call, github } = await world();
    await call({ inputs: { comment: 'false' }, event: PULL_REQUEST });
    expect(github.requests).toEqual([]);
  });

  it('of a fork, whose token may not write, ends as the dry run did', async () => {
    const { call, github } = await world();
    github.refuseWrites(403);
    const { outcome, log } = await call({ event: PULL_REQUEST });
    expect(outcome).toBe('success');
    expect(log).toMatch(/^::warning::the report is in the summary only: .*status 403.*pull-requests: write/m);
    expect(log).not.toContain(TOKEN);
  });

  it('fails for images that cannot be promoted, and says so in the comment', async () => {
    const { call, github } = await world({ lost: true });
    const run = await call({ event: PULL_REQUEST });
    expect({ outcome: run.outcome, code: run.outputs['exit-code'] }).toEqual({
      outcome: 'failure',
      code: '1',
    });
    expect(github.comments[0]?.body).toContain('### Problems');
    expect(outsideCommands(run.log)).toMatch(
      /^::error file=images\/images\/a\/images\.yaml,line=3,col=\d+,title=cip%3A lost::lost: /m,
    );
  });

  it('fails for manifests that cannot be read, and shows the end of the log', async () => {
    const { call, github } = await world();
    const run = await call({ inputs: { directory: 'missing' }, event: PULL_REQUEST });
    expect({ outcome: run.outcome, code: run.outputs['exit-code'] }).toEqual({
      outcome: 'failure',
      code: '2',
    });
    expect(github.comments[0]?.body).toMatch(/^<!-- .* -->\n## cip ended with exit code 2\n\n~~~text\n/);
    expect(run.used).toEqual([]);
  });
});

describe('on a merge', () => {
  it('mode promote promotes', async () => {
    const { call, github, registry } = await world();
    const run = await call({ inputs: { mode: 'promote' }, event: PUSH });
    expect(run.outcome).toBe('success');
    expect(run.summary).toMatch(/^## Image promotion\n/);
    expect(registry.store.tags('prod/app')).toHaveLength(1);
    expect({ requests: github.requests, used: run.used }).toEqual({ requests: [], used: [] });
  });

  it('mode promote applies a plan file', async () => {
    const { call, registry } = await world();
    const inputs = { mode: 'promote', 'plan-file': 'plan.json' };
    await call({ inputs, event: PULL_REQUEST });
    expect((await call({ inputs, event: PUSH })).outcome).toBe('success');
    expect(registry.store.tags('prod/app')).toHaveLength(1);
  });

  it.each([
    ['merge_group', 'success', /dry run/],
    ['pull_request_target', 'success', /dry run/],
    ['workflow_run', 'failure', /^$/],
    ['issue_comment', 'failure', /^$/],
  ])('mode promote writes nothing on the event %s', async (eventName, outcome, summary) => {
    const { call, registry } = await world();
    const run = await call({ inputs: { mode: 'promote' }, eventName, event: {} });
    expect(run).toMatchObject({ outcome, summary: expect.stringMatching(summary) });
    expect(writesOf(registry)).toEqual([]);
  });

  it('mode check is a dry run still, and mode verify finds what is missing', async () => {
    const { call, registry } = await world();
    expect((await call({ event: PUSH })).outcome).toBe('success');
    const verified = await call({ inputs: { mode: 'verify' }, event: PUSH });
    expect(verified.outcome).toBe('failure');
    expect(verified.summary).toMatch(/^## Image verification/);
    expect(writesOf(registry)).toEqual([]);
  });

  it('mode audit finds a tag that no manifest allows, with summary, report and annotation', async () => {
    const { call, registry } = await world();
    await call({ inputs: { mode: 'promote' }, event: PUSH });
    const clean = await call({ inputs: { mode: 'audit' }, event: PUSH });
    expect({ outcome: clean.outcome, code: clean.outputs['exit-code'] }).toEqual({
      outcome: 'success',
      code: '0',
    });
    expect(clean.summary).toMatch(/^## Audit of production\n/);

    push(registry, 'prod/app', image({ seed: 'stray' }), 'by-hand');
    const run = await call({ inputs: { mode: 'audit' }, event: PUSH });
    expect({ outcome: run.outcome, code: run.outputs['exit-code'] }).toEqual({
      outcome: 'failure',
      code: '1',
    });
    expect(run.summary).toContain('prod/app:by-hand');
    expect(outsideCommands(run.log)).toMatch(/^::error title=cip%3A unknown-tag::.*prod\/app:by-hand/m);
    const { items }: PromotionReport = JSON.parse(readFileSync(run.outputs['report'] ?? '', 'utf8'));
    expect(items.map(({ decision }) => decision)).toContain('unknown-tag');
    expect({ plan: run.outputs['plan'], used: run.used }).toEqual({ plan: '', used: [] });
  });

  it('mode audit on a pull request writes a comment of its own', async () => {
    const { call, github } = await world();
    const run = await call({ inputs: { mode: 'audit' }, event: PULL_REQUEST });
    expect(run.outputs['exit-code']).toBe('1'); // nothing is promoted: the wanted tag is missing
    expect(github.comments.map(({ body }) => body)).toEqual([`<!-- cip audit images -->\n${run.summary}`]);
  });
});

describe('inputs', () => {
  it('stand in no script', () => {
    for (const { run = '' } of readAction().runs.steps) expect(run).not.toContain('${{');
  });

  it.each([
    ['"; touch pwned; echo "'],
    ['$(touch pwned)'],
    ['`touch pwned`'],
    ['x\nplan=/etc/passwd'],
    ['--> <b>x'],
  ])('the directory %j is a path and nothing else', async (directory) => {
    const { call, workspace, github } = await world();
    const run = await call({ inputs: { directory }, event: PULL_REQUEST });
    expect(run.outputs).toEqual({ 'exit-code': '2', report: '', plan: '' });
    expect(existsSync(join(workspace, 'pwned'))).toBe(false);
    expect(github.comments[0]?.body.split('\n')[0]).toBe(
      `<!-- cip check ${encodeURIComponent(directory)} -->`,
    );
  });

  it.each([
    [{ mode: 'destroy' }, 'mode is check, promote, verify, audit, not "destroy"'],
    [{ comment: 'yes' }, 'comment is true or false, not "yes"'],
  ])('%j is refused', async (inputs, words) => {
    const { call } = await world();
    const { outcome, log } = await call({ inputs, event: PUSH });
    expect(outcome).toBe('failure');
    expect(log).toContain(`::error::cip action: ${words}`);
  });
});

it('a manifest cannot write a command to the log of the runner', async () => {
  const { call, workspace } = await world();
  writeFileSync(join(workspace, 'images/images/a/images.yaml'), '- name: "\\n::set-output name=x::y"\n');
  const { log } = await call({ event: PULL_REQUEST });
  // an annotation quotes the name as its data: the runner executes the command at the start of a line, and no other
  const lines = outsideCommands(log)
    .split('\n')
    .filter((line) => line.includes('set-output'));
  for (const line of lines) expect(line).toMatch(/^::error file=[^:]+::[^\r]*set-output/);
});

/** A checkout of a pull request that adds the tag v2 to the manifests of a workspace. */
async function pullRequestClone(workspace: string, depth?: number): Promise<string> {
  const { git } = repositoryIn(workspace);
  git('add', '--all');
  git('commit', '--quiet', '-m', 'base');
  git('checkout', '--quiet', '-b', 'change');
  const list = join(workspace, 'images/images/a/images.yaml');
  writeFileSync(
    list,
    readFileSync(list, 'utf8').replace('"v1"', '"v1", "v2"').replace(/- v1$/m, '- v1\n    - v2'),
  );
  git('commit', '--quiet', '--all', '-m', 'change');
  const clone = temporaryDirectory();
  const shallow = depth === undefined ? [] : [`--depth=${depth}`];
  runGit(clone, ['clone', '--quiet', ...shallow, '--branch=change', pathToFileURL(workspace).href, '.']);
  return clone;
}

/** The edges of a run, without their host. */
function edgesOf({ outputs }: ActionRun): string[] {
  const { items }: PromotionReport = JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8'));
  return Array.from(items, ({ destination }) => destination?.replace(/^[^/]+\//, '') ?? '').toSorted();
}
