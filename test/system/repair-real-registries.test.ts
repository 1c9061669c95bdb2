import { describe, expect, it, onTestFinished } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import type { Verification } from '../../src/report/report.ts';
import { image, multiArch, pushOverHttp } from '../builders/images.ts';
import { availableRegistries, type RealRegistry, startRealRegistry } from '../doubles/real-registries.ts';
import { type CipRun, runCip } from '../doubles/run-cip.ts';
import { removeData, removeLink, truncateData } from './distribution-storage.ts';
import { manifestFlag } from './staging.ts';

const TIMEOUT_MS = 120_000;
const index = multiArch('repaired', { platforms: 2 });
const single = image({ seed: 'repaired alone', layers: 2, layerBytes: 600 * 1024 }); // too large to be read at once
const INDEX = index.manifest.digest;
const [child, otherChild] = index.children;
if (child === undefined || otherChild === undefined) throw new Error('an index without children');
const CHILD = child.manifest.digest;
const LAYER = digestOfLast(otherChild.blobs);
const LARGE = digestOfLast(single.blobs);

function digestOfLast(blobs: readonly { readonly digest: Digest }[]): Digest {
  const digest = blobs.at(-1)?.digest;
  if (digest === undefined) throw new Error('no blob');
  return digest;
}

const kinds = (['distribution-2.8', 'distribution-3'] as const).filter((kind) =>
  availableRegistries().includes(kind),
);
const variants = kinds.flatMap((kind) => [true, false].map((cache) => ({ kind, cache })));

interface World {
  readonly staging: RealRegistry;
  readonly production: RealRegistry;
  readonly flag: string;
}

/** Two images in staging and in production, where somebody then does damage. */
async function damaged(
  { kind, cache }: (typeof variants)[number],
  damage: (production: RealRegistry) => void,
): Promise<World> {
  const [staging, production] = await Promise.all([
    startRealRegistry(kind, { memory: true }),
    startRealRegistry(kind, { cache }),
  ]);
  onTestFinished(async () => void (await Promise.all([staging.stop(), production.stop()])));
  for (const content of [index, single]) await pushOverHttp(`http://${staging.host}`, 'staging/app', content);
  await pushOverHttp(`http://${production.host}`, 'prod/app', index, ['v1', 'v2']);
  await pushOverHttp(`http://${production.host}`, 'prod/app', single, ['single']);
  const flag = await manifestFlag({
    from: `${staging.host}/staging`,
    to: [`${production.host}/prod`],
    images: { app: { [INDEX]: ['v1', 'v2'], [single.manifest.digest]: ['single'] } },
  });
  damage(production);
  return { staging, production, flag };
}

async function verify(...args: readonly string[]): Promise<CipRun & { readonly verification: Verification }> {
  const run = await runCip(['verify', ...args, '-report=-']);
  if (run.stdout === '') throw new Error(`no report, exit ${run.status}: ${run.stderr}`);
  const verification: Verification = JSON.parse(run.stdout);
  return { ...run, verification };
}

async function writesOf(registry: RealRegistry): Promise<string[]> {
  const log = (await registry.requestLog()) ?? [];
  return log
    .filter(({ method }) => !['GET', 'HEAD'].includes(method))
    .map(({ method, url }) => `${method} ${url}`);
}

describe.skipIf(variants.length === 0).each(variants)(
  'cip verify -deep -repair on $kind, cache: $cache',
  (variant) => {
    it('sends blobs and a child whose data and links were removed, and touches no tag', {
      timeout: TIMEOUT_MS,
    }, async () => {
      const { production, flag } = await damaged(variant, ({ data }) => {
        removeData(data, LAYER);
        removeData(data, CHILD);
        removeData(data, LARGE);
        for (const { digest } of child.blobs) removeLink(data, 'prod/app', digest);
      });
      const before = await writesOf(production);
      const dry = await verify(flag, '-deep', '-repair');
      expect(dry.status).toBe(1);
      expect(dry.verification.summary).toMatchObject({ edges: 3, incomplete: 3, repaired: 0 });
      expect(await writesOf(production)).toEqual(before);

      const { status, verification, stderr } = await verify(flag, '-deep', '-repair', '-confirm');
      expect(status, stderr).toBe(0);
      expect(verification.summary).toMatchObject({ edges: 3, present: 0, repaired: 3, incomplete: 0 });
      const writes = (await writesOf(production)).slice(before.length);
      expect(writes.filter((line) => /manifests\/(?!sha256:)/.test(line))).toEqual([]);

      expect((await verify(flag, '-deep')).verification.summary).toMatchObject({ edges: 3, present: 3 });
      const again = await verify(flag, '-deep', '-repair', '-confirm');
      expect(again.verification).toMatchObject({
        summary: { present: 3, repaired: 0 },
        repair: { pieces: [] },
      });
    });

    it('names a registry that deduplicates by a damaged store', { timeout: TIMEOUT_MS }, async () => {
      const { production, flag } = await damaged(variant, ({ data }) => truncateData(data, LARGE));
      const { status, verification, stderr } = await verify(flag, '-deep', '-repair', '-confirm');
      expect(status).toBe(1);
      expect(verification.summary).toMatchObject({ edges: 3, present: 2, incomplete: 1, repaired: 0 });
      const why = `: ${production.host} accepted it and still does not serve its bytes: it deduplicates by a damaged store`;
      expect(verification.items[0]?.reason).toContain(why);
      expect(stderr).toMatch(
        /what to do about incomplete: .*its operator removes the data of the named digests/,
      );
      removeData(production.data, LARGE); // as the advice says
      expect((await verify(flag, '-deep', '-repair', '-confirm')).status).toBe(0);
    });
  },
);
