import { readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { image, push } from '../builders/images.ts';
import { readAction, runAction } from '../doubles/action-runner.ts';
import { fakeGithub, TOKEN } from '../doubles/github-api.ts';
import { runCip, temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { embedded, writesOf } from './staging.ts';

// examples/github: a repository that somebody copies, promoted on loopback by the action that its workflows name.

const EXAMPLE = join(repositoryRoot(), 'examples/github');
const GHCR = 'ghcr.io';
const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const TAGS = { frontend: ['v1.0', 'v1.0.0'], api: ['v2.3.0'] };

describe('examples/github', () => {
  it('has manifests without a problem', async () => {
    const { status, stderr } = await runCip([`-thin-manifest-dir=${EXAMPLE}`, '-parse-only']);
    expect({ status, problems: stderr.match(/WARNING|ERROR/g) }).toEqual({ status: 0, problems: null });
  });

  it('checks a pull request, promotes after the merge, and has nothing to do then', async () => {
    const { ghcr, ecr, call } = await copied();
    const checked = await call('check', { pull_request: { number: 7 } });
    expect(checked.outcome).toBe('success');
    expect([...writesOf(ghcr), ...writesOf(ecr)]).toEqual([]);

    expect((await call('promote', {})).outcome).toBe('success');
    for (const [name, tags] of Object.entries(TAGS)) {
      expect(tagsOf(ghcr, `acme/production/${name}`)).toEqual(tags);
      expect(tagsOf(ecr, `acme/${name}`)).toEqual(tags);
    }

    for (const registry of [ghcr, ecr]) registry.clearRequests();
    expect((await call('promote', {})).outcome).toBe('success');
    expect((await call('verify', {})).outcome).toBe('success');
    expect((await call('audit', {})).outcome).toBe('success');
    expect([...writesOf(ghcr), ...writesOf(ecr)]).toEqual([]);
  });

  it.each(readdirSync(join(EXAMPLE, '.github/workflows')))('%s uses the action as it is', (file) => {
    const { inputs } = readAction();
    const steps = Object.values(workflow(file).jobs).flatMap((job) => job.steps);
    const own = steps.filter(({ uses }) => uses === 'OWNER/cip@COMMIT');
    expect(own.length).toBeGreaterThan(0);
    for (const { with: given = {} } of own) {
      expect(Object.keys(given).filter((name) => inputs[name] === undefined)).toEqual([]);
    }
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
  });

  it('gives each job the rights that it needs, and none by default', () => {
    const { permissions, jobs } = workflow('promotion.yml');
    expect(permissions).toEqual({});
    expect(jobs['check']?.permissions).toMatchObject({ packages: 'read', 'pull-requests': 'write' });
    expect(jobs['promote']?.permissions).toMatchObject({ packages: 'write' });
    expect(jobs['promote']?.environment).toBe('production');
    expect(jobs['promote']?.if).toContain(`github.ref == 'refs/heads/main'`);
  });

  it('has an owner for each file, and its README names what exists', () => {
    const owners = readFileSync(join(EXAMPLE, '.github/CODEOWNERS'), 'utf8');
    const rules = owners.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const [first = '', ...others] = rules.map((line) => line.split(/\s+/)[0]);
    expect(first).toBe('*');
    for (const path of others) expect(statSync(join(EXAMPLE, path ?? '')).isDirectory()).toBe(true);
    const readme = readFileSync(join(EXAMPLE, 'README.md'), 'utf8');
    const listed = Array.from(readme.matchAll(/^ {4}([\w./-]+) {2,}/gm), ([, path = '']) => path);
    expect(listed).toHaveLength(5);
    for (const path of listed) expect(statSync(join(EXAMPLE, path)).isFile()).toBe(true);
  });
});

/** A copy of the example whose hosts are embedded registries. */
async function copied() {
  const [ghcr, ecr] = [await embedded(), await embedded()];
  const github = await fakeGithub();
  const workspace = temporaryDirectory();
  await cp(EXAMPLE, workspace, { recursive: true });
  const manifest = join(workspace, 'manifests/web/promoter-manifest.yaml');
  const text = await readFile(manifest, 'utf8');
  await writeFile(manifest, text.replaceAll(GHCR, ghcr.host).replaceAll(ECR, ecr.host));
  const images = await readFile(join(workspace, 'images/web/images.yaml'), 'utf8');
  for (const name of Object.keys(TAGS)) {
    const digest = push(ghcr, `acme/staging/${name}`, image({ seed: `example ${name}` }), 'latest');
    expect(images, 'the example lists the images of this test').toContain(digest);
  }
  const call = (mode: string, event: Readonly<Record<string, unknown>>) =>
    runAction({ inputs: { mode }, event, apiUrl: github.url, token: TOKEN, workspace });
  return { ghcr, ecr, call };
}

function tagsOf({ store }: EmbeddedRegistry, repository: string): readonly string[] {
  return store.tags(repository).toSorted();
}

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly if?: string;
        readonly permissions: unknown;
        readonly environment?: string;
        readonly steps: readonly {
          readonly uses?: string;
          readonly run?: string;
          readonly with?: Readonly<Record<string, unknown>>;
        }[];
      }
    >
  >;
}

function workflow(file: string): Workflow {
  const text = readFileSync(join(EXAMPLE, '.github/workflows', file), 'utf8');
  const parsed: Workflow = JSON.parse(JSON.stringify(load(text)));
  return parsed;
}
