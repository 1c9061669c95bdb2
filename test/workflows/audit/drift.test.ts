// A day of drift: random writes to production by a script that knows the truth. The audit finds each, and nothing else.

import { setMaxListeners } from 'node:events';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { clientForTest } from '../../adapters/oci/client.ts';
import { artifact, type Content, image, index, multiArch, nestedIndex, push } from '../../builders/images.ts';
import { inFile } from '../../builders/manifests.ts';
import { runs } from '../../builders/property-runs.ts';
import { auditManifests, findingsOf } from './auditing.ts';

const REPOSITORIES = ['app', 'group/app', 'group/tool'] as const;
const IMAGES = Array.from({ length: 4 }, (_, number) => [
  image({ seed: `image ${number}` }),
  multiArch(`multi ${number}`, { platforms: 2 }),
  nestedIndex(`nested ${number}`),
]).flat();

const WRITES = [
  'add a tag',
  'tag a child',
  'move a tag',
  'push an untagged image',
  'push a tagged image',
  'sign an image',
  'sign a child',
  'refer to an image',
  'push a referrers index',
  'sign something that is gone',
  'delete a tag',
  'delete an image',
  'push a repository',
] as const;

interface Write {
  readonly what: (typeof WRITES)[number];
  readonly repository: (typeof REPOSITORIES)[number];
  readonly image: number;
}

const write: fc.Arbitrary<Write> = fc.record({
  what: fc.constantFrom(...WRITES),
  repository: fc.constantFrom(...REPOSITORIES),
  image: fc.nat(IMAGES.length - 1),
});

function digestOf({ manifest }: Content) {
  return manifest.digest;
}

function tagFor(content: Content, suffix = '') {
  return `${digestOf(content).replace(':', '-')}${suffix}`;
}

/** Writes to production, and knows what an audit has to find. */
class Drift {
  readonly #registry: EmbeddedRegistry;
  readonly #showsUntagged: boolean;
  readonly #truth = new Set<string>();
  /** Wanted images whose tag was moved or deleted: each once, so that the truth is simple. */
  readonly #touched = new Set<string>();
  #count = 0;

  constructor(registry: EmbeddedRegistry, showsUntagged: boolean) {
    this.#registry = registry;
    this.#showsUntagged = showsUntagged;
  }

  get truth(): readonly string[] {
    return Array.from(this.#truth).toSorted();
  }

  apply({ what, repository, image: number }: Write): void {
    const wanted = IMAGES[number] ?? image({ seed: 'none' });
    const child = wanted.children[0] ?? wanted;
    const path = `prod/${repository}`;
    const at = `${this.#registry.host}/${path}`;
    const { store } = this.#registry;
    this.#count += 1;
    const seed = `${this.#count}`;
    const foreign = this.#count % 2 === 0 ? image({ seed }) : multiArch(seed, { platforms: 2 });
    const isTouched = this.#touched.has(`${at} ${number}`);
    switch (what) {
      case 'add a tag':
        if (isTouched) return;
        push(this.#registry, path, wanted, `added-${seed}`);
        this.#truth.add(`unknown-tag ${at}:added-${seed}`);
        return;
      case 'tag a child':
        if (isTouched) return;
        push(this.#registry, path, child, `child-${seed}`);
        this.#truth.add(`unknown-tag ${at}:child-${seed}`);
        return;
      case 'move a tag':
        if (isTouched) return;
        this.#touched.add(`${at} ${number}`);
        push(this.#registry, path, foreign, `v${number}`);
        this.#truth.add(`different ${at}:v${number}`);
        return;
      case 'push an untagged image':
        push(this.#registry, path, foreign);
        if (this.#showsUntagged) this.#truth.add(`unknown-digest ${at}@${digestOf(foreign)}`);
        return;
      case 'push a tagged image':
        push(this.#registry, path, foreign, `foreign-${seed}`);
        push(this.#registry, path, artifact(seed), tagFor(foreign, '.sig'));
        this.#truth.add(`unknown-tag ${at}:foreign-${seed}`);
        return;
      case 'sign an image':
        push(this.#registry, path, artifact(seed), tagFor(wanted, '.sig'));
        return;
      case 'sign a child':
        push(this.#registry, path, artifact(seed), tagFor(child, '.att'));
        return;
      case 'refer to an image':
        push(this.#registry, path, artifact(seed, { subject: this.#count % 2 === 0 ? wanted : child }));
        return;
      case 'push a referrers index':
        push(
          this.#registry,
          path,
          index({ children: [artifact(seed, { subject: wanted })] }),
          tagFor(wanted),
        );
        return;
      case 'sign something that is gone':
        push(this.#registry, path, artifact(seed), tagFor(foreign, '.sbom'));
        this.#truth.add(`unknown-tag ${at}:${tagFor(foreign, '.sbom')}`);
        return;
      case 'delete a tag':
        if (isTouched) return;
        this.#touched.add(`${at} ${number}`);
        store.deleteTag(path, `v${number}`);
        this.#truth.add(`missing ${at}:v${number}`);
        return;
      case 'delete an image': {
        if (isTouched) return;
        this.#touched.add(`${at} ${number}`);
        const tags = store.tagsByDigest(path).get(digestOf(wanted)) ?? [];
        for (const tag of tags) this.#truth.delete(`unknown-tag ${at}:${tag}`);
        store.deleteManifest(path, digestOf(wanted));
        this.#truth.add(`missing ${at}:v${number}`);
        return;
      }
      case 'push a repository':
        push(this.#registry, `${path}/stray-${seed}`, foreign, 'v1');
        this.#truth.add(`unknown-repository ${at}/stray-${seed}`);
        return;
      default:
        what satisfies never;
    }
  }
}

async function auditAfter(writes: readonly Write[], listing: 'google' | 'oci') {
  const registry = await startEmbeddedRegistry({ listing });
  try {
    for (const path of ['staging', 'prod'].flatMap((root) => REPOSITORIES.map((name) => `${root}/${name}`))) {
      for (const [number, content] of IMAGES.entries()) push(registry, path, content, `v${number}`);
    }
    const dmap = Object.fromEntries(IMAGES.map((content, number) => [digestOf(content), [`v${number}`]]));
    const { host } = registry;
    const manifest = inFile('m.yaml')
      .from(`${host}/staging`)
      .to(`${host}/prod`)
      .promote(Object.fromEntries(REPOSITORIES.map((name) => [name, dmap])));
    const drift = new Drift(registry, listing === 'google');
    for (const one of writes) drift.apply(one);
    const report = await auditManifests([manifest], { registry: clientForTest().registry });
    return { found: findingsOf(report).toSorted(), truth: drift.truth };
  } finally {
    await registry.close();
  }
}

beforeAll(() => setMaxListeners(Number.POSITIVE_INFINITY)); // as the program does: every request listens to its signals

describe.each(['google', 'oci'] as const)(
  'a day of drift in a registry with the listing of %s',
  (listing) => {
    it('is found write by write, and nothing else is', { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(write, { maxLength: 25 }), async (writes) => {
          const { found, truth } = await auditAfter(writes, listing);
          expect(found).toEqual(truth);
        }),
        runs({ seed: 20_261_128, numRuns: 40 }),
      );
    });
  },
);
