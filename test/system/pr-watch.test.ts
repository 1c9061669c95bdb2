import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { image, push } from '../builders/images.ts';
import { digest } from '../builders/manifests.ts';
import { githubWorld } from './github-world.ts';
import { embedded, registriesOf } from './staging.ts';

const RULES = `watch:
- project: app
  images: ["app*"]
  tags: [">=1.0.0"]
- project: app
  images: [tool]
  tags: ["stable-*"]
`;
const BRANCH = 'app-watch-image-promotion';

/** Two projects; the rules are for the first one unless others are given. */
async function world({ rules = RULES } = {}) {
  const registry = await embedded({ listing: 'google' });
  const first = push(registry, 'staging/app', image({ seed: 'one' }), 'v1.0.0', 'main', 'latest');
  push(registry, 'staging/tool', image({ seed: 'tool' }), 'nightly');
  push(registry, 'other/lib', image({ seed: 'lib' }), 'v3.0.0');
  const files = {
    '.cip.yaml': rules,
    'manifests/app/promoter-manifest.yaml': registriesOf(`${registry.host}/staging`, ['prod.invalid/p']),
    'images/app/images.yaml': '[]\n',
    'manifests/other/promoter-manifest.yaml': registriesOf(`${registry.host}/other`, ['prod.invalid/o']),
    'images/other/images.yaml': '[]\n',
  };
  const hosted = await githubWorld(files);
  const watch = (...args: readonly string[]) => hosted.pr(['-watch', ...args]);
  const merge = () => {
    hosted.work.git('fetch', '--quiet', hosted.bare('me/images'), BRANCH);
    hosted.work.git('merge', '--quiet', '--no-edit', 'FETCH_HEAD');
    hosted.work.git('push', '--quiet', hosted.bare('acme/images'), 'main');
    const [pull] = hosted.github.pulls.slice(-1);
    Object.assign(pull ?? {}, { state: 'closed', merged_at: '2026-01-01T00:00:00Z' });
  };
  return { ...hosted, registry, first, watch, merge };
}

describe('cip pr -watch', () => {
  it('opens a pull request for tags that a rule names, and a second run does nothing', async () => {
    const { watch, github, first, inFork } = await world();
    const run = await watch();
    expect(run.status, run.stderr).toBe(0);
    expect(github.pulls).toMatchObject([{ head: `me:${BRANCH}`, title: 'Image promotion for app v1.0.0' }]);
    expect(github.pulls[0]?.body).toContain('cip pr --fork me --watch --upstream acme/images\n');
    expect(inFork('show', `${BRANCH}:images/app/images.yaml`)).toBe(
      `- name: app\n  dmap:\n    "${first}": ["v1.0.0"]`,
    );
    const tip = inFork('rev-parse', BRANCH);
    const writes = () => github.requests.filter((line) => !line.startsWith('GET'));
    const before = writes();
    const again = await watch();
    expect(again).toMatchObject({ status: 0, stderr: expect.stringContaining('nothing to do') });
    expect(writes()).toEqual(before);
    expect(inFork('rev-parse', BRANCH)).toBe(tip);
  });

  it('updates the pull request of the project when a further tag comes', async () => {
    const { watch, github, registry } = await world();
    await watch();
    push(registry, 'staging/app', image({ seed: 'two' }), 'v1.1.0');
    push(registry, 'staging/tool', image({ seed: 'tool' }), 'stable-2');
    expect((await watch()).status).toBe(0);
    expect(github.pulls).toMatchObject([{ title: 'Image promotion for app stable-2 / v1.0.0 / v1.1.0' }]);
    expect(github.comments).toHaveLength(1);
  });

  it('opens nothing after the merge, and a new one for the next tag', async () => {
    const { watch, github, registry, merge } = await world();
    await watch();
    merge();
    expect((await watch()).stderr).toContain('app: No changes detected');
    expect(github.pulls).toHaveLength(1);
    push(registry, 'staging/app', image({ seed: 'two' }), 'v1.1.0');
    expect((await watch()).status).toBe(0);
    expect(github.pulls).toMatchObject([{}, { state: 'open', title: 'Image promotion for app v1.1.0' }]);
  });

  it('leaves a closed pull request closed, until other tags come', async () => {
    const { watch, github, registry } = await world();
    await watch();
    Object.assign(github.pulls[0] ?? {}, { state: 'closed' });
    const run = await watch();
    expect(run).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('was closed, so it is not opened'),
    });
    expect(github.pulls).toHaveLength(1);
    push(registry, 'staging/app', image({ seed: 'two' }), 'v1.1.0');
    await watch();
    expect(github.pulls).toHaveLength(2);
  });

  it('leaves a branch alone that a person has changed', async () => {
    const { watch, inFork } = await world();
    await watch();
    const tip = inFork('commit-tree', '-m', 'a fix', '-p', BRANCH, `${BRANCH}^{tree}`);
    inFork('update-ref', `refs/heads/${BRANCH}`, tip);
    const run = await watch();
    expect(run).toMatchObject({ status: 0, stderr: expect.stringContaining('commits of another author') });
    expect(inFork('rev-parse', BRANCH)).toBe(tip);
  });

  it('opens one for each project, by project or by staging registry, and shows both with -dry-run', async () => {
    const { watch, github, registry, work, push: pushUpstream } = await world();
    const rules = `watch:\n- staging: ${registry.host}/other\n  tags: [v3.*]\n- project: app\n  tags: [v1.0.0]\n`;
    const files = Object.fromEntries(
      work
        .git('ls-files')
        .split('\n')
        .map((file) => [file, work.git('show', `HEAD:${file}`)]),
    );
    pushUpstream({ ...files, '.cip.yaml': rules });
    const dry = await watch('-dry-run');
    expect(dry.stdout.match(/^title: .*/gm)).toEqual([
      'title: Image promotion for other v3.0.0',
      'title: Image promotion for app v1.0.0',
    ]);
    expect(github.pulls).toEqual([]);
    expect((await watch()).status).toBe(0);
    expect(github.pulls.map(({ head }) => head)).toEqual(['me:other-watch-image-promotion', `me:${BRANCH}`]);
  });

  it('refuses a tag that would move, and opens the pull requests of other projects', async () => {
    const old = `- name: app\n  dmap:\n    "${digest('0')}": ["v1.0.0"]\n`;
    const rules = `${RULES}- project: other\n  tags: ["v*"]\n`;
    const { watch, github, work, push: pushUpstream } = await world({ rules });
    const files = Object.fromEntries(
      work
        .git('ls-files')
        .split('\n')
        .map((file) => [file, work.git('show', `HEAD:${file}`)]),
    );
    pushUpstream({ ...files, 'images/app/images.yaml': old });
    const run = await watch();
    expect(run).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/app:v1.0.0 is .* a tag is not moved/),
    });
    expect(github.pulls.map(({ title }) => title)).toEqual(['Image promotion for other v3.0.0']);
  });

  it('opens the pull requests of other projects if that of one fails', async () => {
    const rules = `${RULES}- project: other\n  tags: ["v*"]\n`;
    const { watch, github } = await world({ rules });
    github.addFault({ request: /^POST .*\/pulls$/, status: 403, value: { message: 'not now' } });
    const run = await watch();
    expect(run).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/ERROR +app: github: POST .*not now/),
    });
    expect(github.pulls.map(({ title }) => title)).toEqual(['Image promotion for other v3.0.0']);
  });

  it('refuses a repository without settings', async () => {
    const { watch, push: pushUpstream, work } = await world();
    pushUpstream({
      'manifests/app/promoter-manifest.yaml': work.git('show', 'HEAD:manifests/app/promoter-manifest.yaml'),
      'images/app/images.yaml': '[]\n',
    });
    const run = await watch();
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('acme/images: -watch needs the section "watch" of .cip.yaml');
  });

  it.each([
    ['watch: []\n', /.cip.yaml:1:8: error: "watch" .*1/],
    ['watch:\n', /has no section "watch"/],
    ['{}\n', /has no section "watch"/],
    ['watch:\n- tags: [a]\n', /"watch.0" .*expected either project or staging/],
    ['watch:\n- project: app\n', /watch.0.tags/],
    [
      'watch:\n- project: app\n  tags: [a]\n  tag: b\n',
      /unknown key "tag" in "watch.0": did you mean "tags"/,
    ],
    ['watch:\n- project: none\n  tags: [a]\n', /watch\[0\]: no project "none"/],
    ['watch:\n- project: app\n  tags: [">=main"]\n', /watch\[0\]: tags=">=main" is no tag/],
    ['watch: [\n', /.cip.yaml/],
  ])('refuses %j', async (rules, words) => {
    const { watch, github, temporary } = await world({ rules });
    const run = await watch();
    expect(run).toMatchObject({ status: 2, stderr: expect.stringMatching(words) });
    expect(github.pulls).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
