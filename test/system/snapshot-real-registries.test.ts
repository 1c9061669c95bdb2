import { describe, expect, it, onTestFinished } from 'vitest';
import { artifact, helmChart, image, multiArch, nestedIndex, pushOverHttp } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { availableRegistries, type RealRegistry, startRealRegistry } from '../doubles/real-registries.ts';
import type { RegistryKind } from '../doubles/registry-programs.ts';
import { runCip } from '../doubles/run-cip.ts';
import { imagesOf, registriesOf } from './staging.ts';

/** Google's listing none of them has; all have a catalogue. */
const kinds = availableRegistries();

async function start(kind: RegistryKind): Promise<RealRegistry> {
  const registry = await startRealRegistry(kind);
  onTestFinished(() => registry.stop());
  return registry;
}

/** More repositories than a page of a catalogue has where nobody asks for more. */
const MANY = 120;

async function fill({ host }: RealRegistry): Promise<void> {
  const url = `http://${host}`;
  const app = multiArch('app', { platforms: 2 });
  await pushOverHttp(url, 'staging/app', app, ['v1', 'latest']);
  await pushOverHttp(url, 'staging/app', artifact('signature', { subject: app }), [
    `sha256-${hexOf(app)}.sig`,
  ]);
  await pushOverHttp(url, 'staging/app/sub', nestedIndex('nested'), ['v1.10', 'v1.9']);
  await pushOverHttp(url, 'staging/app-x', multiArch('docker', { platforms: 2, format: 'docker' }), ['v1']);
  await pushOverHttp(url, 'staging/charts/one', helmChart('one'), ['1.0.0']);
  await pushOverHttp(url, 'staging2/other', image({ seed: 'other' }), ['v1']);
  for (let number = 0; number < MANY; number++) {
    await pushOverHttp(url, `staging/many/r${number}`, image({ seed: 'many' }), ['v1']);
  }
}

function hexOf({ manifest }: { readonly manifest: { readonly digest: string } }): string {
  return manifest.digest.slice('sha256:'.length);
}

describe.each(kinds)('%s', (kind) => {
  it('is seen as a whole, and a promotion of its snapshot gives the same bytes', {
    timeout: 120_000,
  }, async () => {
    const [source, destination] = [await start(kind), await start(kind)];
    await fill(source);
    const before = await runCip([`-snapshot=${source.host}/staging`]);
    expect(before.status, before.stderr).toBe(0);
    const names = before.stdout.match(/(?<=^- name: ).*/gm) ?? [];
    expect(names.slice(0, 4)).toEqual(['app', 'app-x', 'app/sub', 'charts/one']);
    expect(names).toHaveLength(4 + MANY);
    expect(before.stderr.match(/lists tags only/g)).toHaveLength(1);

    const cwd = await testdir({
      'manifests/a/promoter-manifest.yaml': registriesOf(`${source.host}/staging`, [
        `${destination.host}/prod`,
      ]),
      'images/a/images.yaml': before.stdout,
      'snapshot.yaml': before.stdout,
    });
    const promotion = await runCip(['-thin-manifest-dir=.', '-confirm'], { cwd });
    expect(promotion.status, promotion.stderr).toBe(0);
    const after = await runCip([`-snapshot=${destination.host}/prod`]);
    expect(after.stdout).toBe(before.stdout);

    const diff = await runCip(['diff', 'snapshot.yaml', `${destination.host}/prod`], { cwd });
    expect(diff, diff.stderr).toMatchObject({ status: 0, stdout: '' });
  });

  it('is compared with what manifests want there', { timeout: 60_000 }, async () => {
    const registry = await start(kind);
    const [old, app] = [image({ seed: 'old' }), image({ seed: 'app' })];
    await pushOverHttp(`http://${registry.host}`, 'prod/app', old, ['v1']);
    const cwd = await testdir({
      'manifests/a/promoter-manifest.yaml': registriesOf('gcr.invalid/x', [`${registry.host}/prod`]),
      'images/a/images.yaml': imagesOf({ app: { [app.manifest.digest]: ['v1'] } }),
    });
    const { status, stdout } = await runCip(['diff', '.', `${registry.host}/prod`], { cwd });
    expect(status).toBe(1);
    const [wanted, there] = [app.manifest.digest, old.manifest.digest];
    expect(stdout.split('\n').slice(2)).toEqual([
      `- app@${wanted} [v1]`,
      `+ app@${there} [v1]`,
      `~ app:v1 ${wanted} -> ${there}`,
      '',
    ]);
  });
});
