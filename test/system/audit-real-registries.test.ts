import { describe, expect, it, onTestFinished } from 'vitest';
import { artifact, type Content, image, multiArch, pushOverHttp } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { availableRegistries, startRealRegistry } from '../doubles/real-registries.ts';
import { runCip } from '../doubles/run-cip.ts';
import { thinFiles } from './staging.ts';

/** They list tags only, and all have a catalogue. */
const kinds = availableRegistries();
if (kinds.length === 0)
  console.error('no registry program is installed, so not tested: audits of real registries');

function tagFor({ manifest }: Content, suffix: string) {
  return `${manifest.digest.replace(':', '-')}${suffix}`;
}

const APP = image({ seed: 'app' });
const MULTI = multiArch('multi', { platforms: 2 });
const OTHER = image({ seed: 'other' });

describe.each(kinds)('an audit of %s', (kind) => {
  it('finds what was written beside a promotion, and nothing else', { timeout: 60_000 }, async () => {
    const registry = await startRealRegistry(kind);
    onTestFinished(() => registry.stop());
    const { host } = registry;
    const url = `http://${host}`;
    const images = { app: { [APP.manifest.digest]: ['v1'], [MULTI.manifest.digest]: ['v2', 'v3'] } };
    const project = { from: `${host}/staging`, to: [`${host}/prod`], images };
    const cwd = await testdir(thinFiles({ project }));
    await pushOverHttp(url, 'staging/app', APP, ['v1']);
    await pushOverHttp(url, 'staging/app', MULTI, ['v2']);
    const promotion = await runCip(['-thin-manifest-dir=.', '-confirm'], { cwd });
    expect(promotion.status, promotion.stderr).toBe(0);
    await pushOverHttp(url, 'prod/app', artifact('signature'), [tagFor(MULTI, '.sig')]);
    await pushOverHttp(url, 'prod/app', artifact('attestation'), [tagFor(MULTI.children[0] ?? APP, '.att')]);

    const clean = await runCip(['audit', '-thin-manifest-dir=.'], { cwd });
    expect(clean.status, clean.stderr).toBe(0);
    expect(clean.stderr.match(/lists no untagged digests/g)).toHaveLength(1);

    await pushOverHttp(url, 'prod/app', OTHER, ['v3', 'extra']);
    await pushOverHttp(url, 'prod/stray/deep', OTHER, ['v1']);
    const drifted = await runCip(['audit', '-thin-manifest-dir=.'], { cwd });
    expect(drifted.status).toBe(1);
    const errors = drifted.stderr.split('\n').filter((line) => line.startsWith('ERROR'));
    expect(errors.map((line) => line.split(/\s+/).slice(1, 3).join(' ').replace(/:$/, ''))).toEqual([
      `unknown-tag ${host}/prod/app:extra`,
      `different ${host}/prod/app:v3`,
      `unknown-repository ${host}/prod/stray/deep`,
    ]);
  });
});
