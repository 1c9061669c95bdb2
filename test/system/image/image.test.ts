import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { EmbeddedRegistryOptions } from '../../../src/embedded-registry/embedded-registry.ts';
import { CANARY, fakeGoogle } from '../../adapters/google/fake-google.ts';
import { multiArch, push } from '../../builders/images.ts';
import { testdir } from '../../builders/testdir.ts';
import { startInContainer } from '../../doubles/container.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { startGitServer } from '../../doubles/git-server.ts';
import {
  BUILD_ARGS,
  type BuiltImage,
  createImageBuilder,
  type ImageBuilder,
  reasonNotToBuild,
} from '../../doubles/image-builder.ts';
import { startRealRegistry } from '../../doubles/real-registries.ts';
import { findTool, repositoryRoot, runTool } from '../../doubles/tools.ts';
import { holdingProxy } from '../holding-proxy.ts';
import { embedded, plainManifest, thinFiles } from '../staging.ts';

const MINUTES = 60_000;
/** The user that the Dockerfile names. */
const NONROOT = 65_532;
/** Where Prow clones a repository. */
const IN_PROW = '/home/prow/go/src/github.com/kubernetes/k8s.io';
const ACCOUNT = 'promoter@prod.iam.gserviceaccount.com';
const CONTENT = multiArch('image', { platforms: 2 });

const reason = reasonNotToBuild();
if (reason !== undefined) console.error(`the image is not tested: ${reason}`);

describe.skipIf(reason !== undefined)('the image', () => {
  let builder: ImageBuilder;
  let image: BuiltImage;
  let root: string;

  beforeAll(async () => {
    builder = await createImageBuilder();
    await builder.build('cip', { target: 'cip' });
    await builder.build('auditor', { target: 'auditor', cached: true });
    image = await builder.readImage('cip');
    root = await builder.mount('cip');
  }, 10 * MINUTES);

  afterAll(() => builder.close());

  it('is built to the same digest twice', { timeout: 10 * MINUTES }, async () => {
    await builder.build('again', { target: 'cip' });
    expect((await builder.readImage('again')).digest).toBe(image.digest);
  });

  it('has a second target, which differs in the entry point only', async () => {
    const auditor = await builder.readImage('auditor');
    expect(image.config.config.Entrypoint).toEqual(['/cip']);
    expect(auditor.config.config).toEqual({ ...image.config.config, Entrypoint: ['/cip-auditor'] });
    expect(auditor.layers).toEqual(image.layers);
  });

  it('is below 180 MB, unpacked', () => {
    const bytes = image.layers.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeGreaterThan(100_000_000);
    expect(bytes).toBeLessThan(180_000_000);
  });

  it('says what it is made of, and runs as a user without rights', () => {
    expect(image.config.created).toMatch(/^2026-01-01T00:00:00/);
    expect(image.config.config).toMatchObject({
      User: '65532:65532',
      WorkingDir: '/',
      Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'NODE_ENV=production'],
    });
    expect(image.config.config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'cip',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': BUILD_ARGS.VERSION,
      'org.opencontainers.image.revision': BUILD_ARGS.REVISION,
      'org.opencontainers.image.created': BUILD_ARGS.CREATED,
    });
  });

  it('holds the program, node, git, a shell and their libraries, and nothing else', () => {
    const rest = image.layers.flatMap(({ paths }) => paths).filter((path) => !NEEDED.test(path));
    expect(rest).toEqual([]);
  });

  it('holds no source map, and no path or secret of the build', () => {
    const files = image.layers.flatMap(({ paths }) => paths).filter((path) => path.startsWith('app/'));
    expect(files).toEqual(expect.arrayContaining(['app/bin/cip.js', 'app/dist/cip.cjs']));
    const canaries = [repositoryRoot(), 'sourceMappingURL', '_authToken', '/src/src/', '/root/'];
    for (const file of files) {
      const text = readFileSync(join(root, file), 'utf8');
      expect(
        canaries.filter((canary) => text.includes(canary)),
        file,
      ).toEqual([]);
    }
  });

  it.each([
    [['/cip', '-version'], 0, /^Version: /],
    [['/kpromo', 'cip', '-version'], 0, /^Version: /],
    [['/cip-mm', '--base_dir=/', '--staging_repo=x'], 2, /^cip: invalid registry name "x"/],
    [['/cip-auditor'], 2, /^cip: no manifests: give -path=DIR, or -url=URL/],
    [['/usr/bin/git', '--version'], 0, /^git version /],
    [['/bin/sh', '-c', 'echo $$; cip -version'], 0, /^1\nVersion: /],
    [['/bin/sh', '-c', 'echo > /tmp/file'], 2, /Read-only file system/],
  ])('runs %j', async (command, status, words) => {
    const run = await startInContainer(root, command, { uid: NONROOT }).ended;
    expect(run).toMatchObject({ status, [status === 0 ? 'stdout' : 'stderr']: expect.stringMatching(words) });
  });

  it.each([
    ['its own user', NONROOT],
    ['an arbitrary user', 1_000_660_000],
    ['root', 0],
  ])('promotes from the tree of another user as %s, read-only and without a HOME', async (_who, uid) => {
    const { production, directory, commit } = await cloned();
    const location = `--thin-manifest-dir=${IN_PROW}/registry.k8s.io`;
    const options = { uid, volumes: { [IN_PROW]: directory } };
    const dry = await startInContainer(root, ['/cip', location, '-plan-out=-'], options).ended;
    expect(dry.status, dry.stderr).toBe(0);
    expect(JSON.parse(dry.stdout)).toMatchObject({ origin: { revision: { commit, dirty: false } } });
    const command = ['/kpromo', 'cip', location, '--confirm', '-report=-'];
    const run = await startInContainer(root, command, options).ended;
    expect(run.status, run.stderr).toBe(0);
    expect(run.report?.summary).toMatchObject({ edges: 1, copied: 1 });
    expect(production.store.resolveTag('prod/app', 'v1')).toBe(CONTENT.manifest.digest);
  });

  it('clones manifests over HTTP with its git', async () => {
    const { directory } = await cloned();
    const server = await startGitServer(directory);
    const volume = await testdir({});
    chmodSync(volume, 0o777);
    const command = ['/usr/bin/git', 'clone', '--quiet', `${server.url}/.git`, '/home/job/clone'];
    const run = await startInContainer(root, command, { uid: NONROOT, volumes: { '/home/job': volume } })
      .ended;
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(volume, 'clone/registry.k8s.io/images/app/images.yaml'), 'utf8')).toContain(
      'app',
    );
  });

  it('ends by SIGTERM with its report, as the first process of its container', async () => {
    const { production, proxy, directory } = await cloned();
    const held = proxy.hold(/^PUT .*\/manifests\/v1$/);
    const command = ['/cip', `-thin-manifest-dir=${IN_PROW}/registry.k8s.io`, '-confirm', '-report=-'];
    const cip = startInContainer(root, command, { uid: NONROOT, volumes: { [IN_PROW]: directory } });
    await held.arrived;
    cip.kill('SIGTERM');
    await cip.says(/stopping: /);
    held.release();
    const run = await cip.ended;
    expect({ status: run.status, report: run.report }).toMatchObject({
      status: 143,
      report: { stopped: true, summary: { edges: 1, copied: 1 } },
    });
    expect(production.store.tags('prod/app')).toEqual(['v1']);
  });

  it('gets the tokens of a service account from the metadata server', async () => {
    const google = await fakeGoogle(new FakeClock());
    google.behaviour.email = ACCOUNT;
    const users = { oauth2accesstoken: `${CANARY}.${ACCOUNT}.1` };
    const { proxy, directory } = await cloned({ auth: { kind: 'basic', users }, account: ACCOUNT });
    const command = ['/cip', `-thin-manifest-dir=${IN_PROW}/registry.k8s.io`, '-confirm', '-report=-'];
    const run = await startInContainer(root, command, {
      uid: NONROOT,
      volumes: { [IN_PROW]: directory },
      env: { GCE_METADATA_HOST: google.host },
    }).ended;
    expect(run.status, run.stderr).toBe(0);
    expect(run.report?.hosts[proxy.host]?.identities).toEqual([`service account ${ACCOUNT}`]);
  });

  it('promotes itself from staging to production', { timeout: 10 * MINUTES }, async () => {
    const registry = await startRealRegistry('distribution-2.8');
    onTestFinished(() => registry.stop());
    const names = ['cip', 'auditor'];
    for (const name of names) await builder.push(name, `${registry.host}/staging/${name}:v5.0.0`);
    const digestOf = async (repository: string) =>
      (await runTool('crane', ['digest', `${registry.host}/${repository}:v5.0.0`])).stdout.trim();
    const digests = await Promise.all(names.map((name) => digestOf(`staging/${name}`)));
    const images = Object.fromEntries(
      names.map((name, place) => [name, { [digests[place] ?? '']: ['v5.0.0'] }]),
    );
    const manifest = { from: `${registry.host}/staging`, to: [`${registry.host}/prod`], images };
    const directory = await testdir({ 'm.yaml': plainManifest(manifest) });
    chmodSync(directory, 0o755);
    const options = { uid: NONROOT, volumes: { '/home/job': directory } };
    const run = await startInContainer(root, ['/cip', '-manifest=/home/job/m.yaml', '-confirm'], options)
      .ended;
    expect(run.status, run.stderr).toBe(0);
    expect(await Promise.all(names.map((name) => digestOf(`prod/${name}`)))).toEqual(digests);
    const valid = await runTool('crane', ['validate', '--remote', `${registry.host}/prod/cip:v5.0.0`]);
    expect(valid.stdout).toMatch(/^PASS/);
  });
});

/** A clone that belongs to another user, with a thin manifest for one image, and the registries that it names. */
async function cloned({ account, ...options }: EmbeddedRegistryOptions & { account?: string } = {}) {
  const staging = await embedded();
  const production = await embedded(options);
  const proxy = await holdingProxy(production.host);
  const digest = push(staging, 'staging/app', CONTENT);
  const thin = thinFiles({
    app: {
      from: `${staging.host}/staging`,
      to: [`${proxy.host}/prod`],
      images: { app: { [digest]: ['v1'] } },
    },
  });
  const bound = account === undefined ? '' : `\n  service-account: ${account}`;
  const files = Object.entries(thin).map(([path, text]) => [
    `registry.k8s.io/${path}`,
    text.replace(`${proxy.host}/prod"`, `$&${bound}`),
  ]);
  const directory = await testdir(Object.fromEntries(files));
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8' }).trim();
  git('init', '--quiet');
  git('add', '.');
  git('-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message=begin');
  const commit = git('rev-parse', 'HEAD');
  execFileSync('chown', ['-R', '12345:12345', directory]);
  chmodSync(directory, 0o755);
  return { production, proxy, directory, commit };
}

/** All that the image may hold. */
const NEEDED = new RegExp(
  `^(?:${[
    'app/(?:LICENSE|package[.]json|bin/(?:cip|kpromo|cip-mm|cip-auditor|start)[.]js|dist/(?:[\\w-]+[.]cjs|cip-[\\w.-]+[.]cache|build[.]json|third-party-licenses[.]txt))',
    '(?:cip|kpromo|cip-mm|cip-auditor|bin|lib|lib64)',
    'etc/(?:passwd|group|nsswitch[.]conf|ssl/certs/ca-certificates[.]crt)',
    'usr/local/bin/(?:node|cip|kpromo|cip-mm|cip-auditor)',
    'usr/bin/(?:git|sh|env|cat|chmod|cp|ls|mkdir|rm)',
    'usr/lib/git-core/git-remote-https?',
    'usr/lib(?:64)?/(?:[\\w-]+/)?[\\w.+-]+[.]so(?:[.]\\d+)*',
    'usr/share/doc/[\\w.+-]+/copyright',
    'var/lib/dpkg/status[.]d/[\\w.+-]+',
  ].join('|')})$`,
);

const hadolint = findTool('hadolint') !== undefined;
if (!hadolint) console.error('not found, so the Dockerfile is not linted: hadolint');

describe('the Dockerfile', () => {
  it.skipIf(!hadolint)('has no finding of hadolint', async () => {
    const { stdout } = await runTool('hadolint', ['--no-color', join(repositoryRoot(), 'Dockerfile')], {
      codes: [0, 1],
    });
    expect(stdout).toBe('');
  });

  it('names its base by tag and digest', () => {
    const text = readFileSync(join(repositoryRoot(), 'Dockerfile'), 'utf8');
    expect(text).toMatch(
      /^ARG NODE_IMAGE=docker[.]io\/library\/node:\d+[.]\d+[.]\d+-\w+-slim@sha256:[0-9a-f]{64}$/m,
    );
    const bases = Array.from(text.matchAll(/^FROM (?:--\S+ )?(\S+)/gm), ([, base]) => base);
    expect(new Set(bases)).toEqual(new Set(['${NODE_IMAGE}', 'scratch', 'image']));
  });
});
