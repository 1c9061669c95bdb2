import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosignTagOf } from '../../src/image/attachment-tags.ts';
import { ACCEPT_MANIFESTS } from '../../src/image/media-types.ts';
import { multiArch, pushOverHttp } from '../builders/images.ts';
import { availableRegistries, type RealRegistry, startRealRegistry } from '../doubles/real-registries.ts';
import type { RegistryKind } from '../doubles/registry-programs.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { findTool, runTool } from '../doubles/tools.ts';
import { embedded, manifestFlag } from './staging.ts';

const TIMEOUT_MS = 180_000;
const APP = multiArch('carried', { platforms: 2 });
const DIGEST = APP.manifest.digest;
const OPTIONS = { env: { COSIGN_PASSWORD: '' }, timeoutMs: TIMEOUT_MS };

type Kind = RegistryKind | 'embedded';

const isHere = findTool('cosign') !== undefined;
if (!isHere && process.env['CI'] === 'true')
  throw new Error('cosign not found: run scripts/install-test-tools.sh');
if (!isHere) console.error('cosign not found, so no carried signature is verified by it');

describe.skipIf(!isHere)('a signature of cosign', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cip-cosign-'));
  const started: RealRegistry[] = [];

  beforeAll(() => runTool('cosign', ['generate-key-pair'], { ...OPTIONS, cwd: directory }), TIMEOUT_MS);
  afterAll(async () => {
    await Promise.all(started.map((registry) => registry.stop()));
    rmSync(directory, { recursive: true });
  });

  async function start(kind: Kind): Promise<string> {
    if (kind === 'embedded') return (await embedded()).host;
    const registry = await startRealRegistry(kind);
    started.push(registry);
    return registry.host;
  }

  async function sign(image: string, ...flags: readonly string[]): Promise<void> {
    const key = ['--key', `${directory}/cosign.key`, '--tlog-upload=false', '--use-signing-config=false'];
    await runTool('cosign', ['sign', '-y', '--allow-http-registry', ...key, ...flags, image], OPTIONS);
  }

  function verify(image: string, ...flags: readonly string[]) {
    const key = ['--key', `${directory}/cosign.pub`, '--insecure-ignore-tlog', '--allow-http-registry'];
    return runTool('cosign', ['verify', ...key, ...flags, image], { ...OPTIONS, codes: [0, 1, 10, 12] });
  }

  const real = availableRegistries();
  const routes: readonly (readonly [Kind, Kind])[] = [
    ...real.map((kind) => [kind, real[(real.indexOf(kind) + 1) % real.length] ?? kind] as const),
    ...real.slice(0, 1).flatMap((kind) => [[kind, 'embedded'] as const, ['embedded', kind] as const]),
  ];

  it.each(routes)(
    'from %s to %s is verified by cosign there, as a bundle and as .sig',
    {
      timeout: TIMEOUT_MS,
    },
    async (from, to) => {
      const [source, destination] = [await start(from), await start(to)];
      await pushOverHttp(`http://${source}`, 'staging/app', APP, ['v1']);
      const flag = await manifestFlag({
        from: `${source}/staging`,
        to: [`${destination}/prod`],
        images: { app: { [DIGEST]: ['v1'] } },
      });
      const at = (host: string, repository: string) => `${host}/${repository}@${DIGEST}`;
      await sign(at(source, 'staging/app'), '--recursive');
      await sign(at(source, 'staging/app'), '--new-bundle-format=false');

      const { status, report, stderr } = await runWithReport([flag, '-confirm']);
      expect({ status, attachments: report.attachments }, stderr).toEqual({
        status: 0,
        attachments: { carried: 1 + 2 + 1, planned: 0, ignored: 0 },
      });
      for (const image of [DIGEST, ...APP.children.map(({ manifest }) => manifest.digest)]) {
        const bundle = await verify(`${destination}/prod/app@${image}`);
        expect(bundle.code, bundle.stderr).toBe(0);
      }
      const legacy = await verify(at(destination, 'prod/app'), '--new-bundle-format=false');
      expect(legacy.code, legacy.stderr).toBe(0);
      const tag = cosignTagOf(DIGEST, 'sig');
      const url = (host: string, repository: string) => `http://${host}/v2/${repository}/manifests/${tag}`;
      const headers = { accept: ACCEPT_MANIFESTS };
      const [there, here] = await Promise.all([
        fetch(url(destination, 'prod/app'), { headers }),
        fetch(url(source, 'staging/app'), { headers }),
      ]);
      expect(await there.text()).toBe(await here.text());
    },
  );
});
