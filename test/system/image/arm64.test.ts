import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { multiArch, push } from '../../builders/images.ts';
import { testdir } from '../../builders/testdir.ts';
import { startInContainer } from '../../doubles/container.ts';
import { type Emulation, emulateArm64, reasonNotToEmulate } from '../../doubles/emulation.ts';
import {
  type Architecture,
  type BuiltImage,
  createImageBuilder,
  type ImageBuilder,
  reasonNotToBuild,
} from '../../doubles/image-builder.ts';
import { startRealRegistry } from '../../doubles/real-registries.ts';
import { runWithReport } from '../../doubles/run-cip.ts';
import { repositoryRoot, runTool } from '../../doubles/tools.ts';
import { embedded, plainManifest } from '../staging.ts';

const MINUTES = 60_000;
const NONROOT = 65_532;
/** As the images are named here, which is the architecture of each. */
const IMAGES = ['amd64', 'arm64'];
const ARCHITECTURES: readonly Architecture[] = ['native', 'arm64'];

const reason = reasonNotToBuild(ARCHITECTURES) ?? reasonNotToEmulate();
if (reason !== undefined) console.error(`the image for arm64 is not tested: ${reason}`);

describe.skipIf(reason !== undefined)('the image for arm64', () => {
  const app = mkdtempSync(join(tmpdir(), 'cip-app-'));
  let emulation: Emulation;
  let builder: ImageBuilder;
  let image: BuiltImage;
  let root: string;

  beforeAll(async () => {
    copyApp(app);
    emulation = await emulateArm64();
    builder = await createImageBuilder({ within: emulation.within, architectures: ARCHITECTURES });
    await builder.build('amd64', { target: 'cip', app });
    await builder.build('arm64', { target: 'cip', architecture: 'arm64', app });
    image = await builder.readImage('arm64');
    root = await builder.mount('arm64');
  }, 20 * MINUTES);

  afterAll(async () => {
    await builder.close();
    emulation.close();
    rmSync(app, { recursive: true });
  });

  it('has that architecture, and otherwise the configuration and the program of the other', async () => {
    const native = await builder.readImage('amd64');
    expect([native, image].map(({ config }) => config.architecture)).toEqual(IMAGES);
    expect(image.config.config).toEqual(native.config.config);
    const [, program] = image.layers;
    expect(program?.digest).toBe(native.layers[1]?.digest);
  });

  it('is built to the same digest twice', { timeout: 20 * MINUTES }, async () => {
    await builder.build('again', { target: 'cip', architecture: 'arm64', app });
    expect((await builder.readImage('again')).digest).toBe(image.digest);
  });

  it('runs, read-only and without a HOME', { timeout: MINUTES }, async () => {
    const options = { uid: NONROOT, within: emulation.within };
    const version = await startInContainer(root, ['/cip', '-version'], options).ended;
    expect(version).toMatchObject({ status: 0, stdout: expect.stringContaining('Platform: linux/arm64\n') });
    const git = await startInContainer(root, ['/usr/bin/git', '--version'], options).ended;
    expect(git).toMatchObject({ status: 0, stdout: expect.stringMatching(/^git version /) });
  });

  it('promotes', { timeout: 5 * MINUTES }, async () => {
    const staging = await embedded();
    const production = await embedded();
    const content = multiArch('arm', { platforms: 2 });
    const digest = push(staging, 'staging/app', content);
    const images = { app: { [digest]: ['v1'] } };
    const ends = { from: `${staging.host}/staging`, to: [`${production.host}/prod`] };
    const directory = await testdir({ 'm.yaml': plainManifest({ ...ends, images }) });
    chmodSync(directory, 0o755);
    const options = { uid: NONROOT, within: emulation.within, volumes: { '/home/job': directory } };
    const command = ['/cip', '-manifest=/home/job/m.yaml', '-report=-'];
    const dry = await startInContainer(root, command, options).ended;
    expect(dry.report?.summary, dry.stderr).toMatchObject({ edges: 1, copy: 1 });
    const run = await startInContainer(root, [...command, '-confirm'], options).ended;
    expect(run.report?.summary, run.stderr).toMatchObject({ edges: 1, copied: 1 });
    expect(production.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it('is promoted with the other as one index', { timeout: 5 * MINUTES }, async () => {
    const [staging, production] = [await startRealRegistry('crane'), await startRealRegistry('crane')];
    onTestFinished(async () => void (await Promise.all([staging.stop(), production.stop()])));
    await builder.pushIndex(IMAGES, `${staging.host}/staging/cip:v1`);
    const at = async (registry: string, ...args: readonly string[]) =>
      (await runTool('crane', [...args, `${registry}/cip:v1`])).stdout.trim();
    const digest = await at(`${staging.host}/staging`, 'digest');
    const ends = { from: `${staging.host}/staging`, to: [`${production.host}/prod`] };
    const directory = await testdir({
      'm.yaml': plainManifest({ ...ends, images: { cip: { [digest]: ['v1'] } } }),
    });
    const run = await runWithReport([`-manifest=${join(directory, 'm.yaml')}`, '-confirm']);
    expect(run.report.summary, run.stderr).toMatchObject({ edges: 1, copied: 1 });
    expect(await at(`${production.host}/prod`, 'digest')).toBe(digest);
    expect(await at(`${production.host}/prod`, 'validate', '--remote')).toMatch(/^PASS/);
    for (const architecture of IMAGES) {
      const config = await at(`${production.host}/prod`, 'config', `--platform=linux/${architecture}`);
      expect(JSON.parse(config)).toMatchObject({ architecture, config: { Entrypoint: ['/cip'] } });
    }
  });
});

/** What the stage `build` of the Dockerfile makes, which builds cip alone. */
function copyApp(directory: string): void {
  const built = readdirSync(join(repositoryRoot(), 'dist')).filter(
    (file) => !/^(?:quickstart|action)/.test(file),
  );
  for (const file of ['LICENSE', 'bin', 'package.json', ...built.map((name) => `dist/${name}`)]) {
    cpSync(join(repositoryRoot(), file), join(directory, 'app', file), { recursive: true });
  }
}
