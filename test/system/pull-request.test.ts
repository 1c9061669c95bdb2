import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { image, multiArch, pushOverHttp } from '../builders/images.ts';
import { runAction } from '../doubles/action-runner.ts';
import { TOKEN } from '../doubles/github-api.ts';
import { availableRegistries, type RealRegistry, startRealRegistry } from '../doubles/real-registries.ts';
import { runCip, runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { runGit } from '../builders/git-repository.ts';
import { githubWorld } from './github-world.ts';
import { imagesOf, registriesOf } from './staging.ts';

// An image on its way, on real registries and with the git program alone: pushed to staging, proposed, checked, merged,
// promoted and verified.

const TIMEOUT_MS = 60_000;
const KIND = 'distribution-2.8';
const OLD = image({ seed: 'old' });
const NEW = multiArch('new', { platforms: 3 });

describe.skipIf(!availableRegistries().includes(KIND))('an image that is pushed to staging', () => {
  const registries: RealRegistry[] = [];

  beforeAll(async () => {
    registries.push(await startRealRegistry(KIND), await startRealRegistry(KIND));
  }, TIMEOUT_MS);
  afterAll(() => Promise.all(registries.map((registry) => registry.stop())));

  it('is in production after one pull request', { timeout: TIMEOUT_MS }, async () => {
    const [staging = '', production = ''] = registries.map(({ host }) => host);
    await pushOverHttp(`http://${staging}`, 'staging/app', OLD, ['v0.9']);
    await pushOverHttp(`http://${production}`, 'prod/app', OLD, ['v0.9']);
    const files = {
      'manifests/app/promoter-manifest.yaml': registriesOf(`${staging}/staging`, [`${production}/prod`]),
      'images/app/images.yaml': imagesOf({ app: { [OLD.manifest.digest]: ['v0.9'] } }),
    };
    const { pr, github, bare } = await githubWorld(files);

    await pushOverHttp(`http://${staging}`, 'staging/app', NEW, ['v1.0']);
    const proposed = await pr(['-project=app', '-tag=v1.0']);
    expect(proposed.status, proposed.stderr).toBe(0);
    const [pull] = github.pulls;
    const branch = pull?.head.split(':')[1] ?? '';

    const workspace = join(temporaryDirectory(), 'workspace');
    runGit('.', ['clone', '--quiet', bare('acme/images'), workspace]);
    const git = (...args: readonly string[]) => runGit(workspace, args);
    const base = git('rev-parse', 'HEAD');
    git('fetch', '--quiet', bare('me/images'), branch);
    git('merge', '--quiet', '--no-ff', '-m', 'merge', 'FETCH_HEAD');
    const manifests = `-thin-manifest-dir=${workspace}`;

    const presubmit = await runWithReport([manifests, '-use-prow-manifest-diff'], {
      env: { JOB_TYPE: 'presubmit', PULL_BASE_SHA: base },
    });
    expect(presubmit.status, presubmit.stderr).toBe(0);
    expect(presubmit.report.summary).toMatchObject({ edges: 1, copy: 1, copied: 0 });

    const checked = await runAction({
      inputs: { directory: '.' },
      event: { action: 'opened', pull_request: { number: pull?.number } },
      apiUrl: github.url,
      token: TOKEN,
      workspace,
      env: { CIP_MANIFEST_DIFF_BASE: base, DOCKER_CONFIG: temporaryDirectory() },
    });
    expect(checked.outcome, checked.log).toBe('success');
    expect(github.comments).toMatchObject([{ issue: pull?.number }]);
    expect(github.comments[0]?.body).toMatch(/^## Image promotion \(dry run\)/m);
    const [promotion, review] = (github.comments[0]?.body ?? '').split('<details><summary>Review');
    expect(promotion).toContain('v1.0');
    expect(promotion).not.toContain('v0.9');
    expect(review).toContain('v0.9');
    expect((await runCip(['verify', manifests])).status).toBe(1);

    git('push', '--quiet', 'origin', 'HEAD:main');
    const postsubmit = await runWithReport([manifests, '-use-prow-manifest-diff', '-confirm'], {
      env: { JOB_TYPE: 'postsubmit' },
    });
    expect(postsubmit.status, postsubmit.stderr).toBe(0);
    expect(postsubmit.report.summary).toMatchObject({ edges: 1, copied: 1 });

    const verified = await runCip(['verify', manifests]);
    expect(verified.status, verified.stderr).toBe(0);
    const again = await pr(['-project=app', '-tag=v1.0']);
    expect(again).toMatchObject({ status: 0, stderr: expect.stringContaining('No changes detected') });
    expect(github.pulls).toHaveLength(1);
  });
});
