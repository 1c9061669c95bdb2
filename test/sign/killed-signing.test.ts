import { describe, expect, it } from 'vitest';
import { cosignTagOf } from '../../src/image/attachment-tags.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { annotationsOf } from '../../src/image/oci-manifest.ts';
import { BUNDLE, BUNDLE_ANNOTATIONS } from '../../src/signature/media-types.ts';
import { parseStatement } from '../../src/signature/statement.ts';
import type { BrowseRegistry, WriteRegistry } from '../../src/ports/registry.ts';
import { clientForTest, embeddedForTest } from '../adapters/oci/client.ts';
import { multiArch, push } from '../builders/images.ts';
import { KeySigner } from '../doubles/key-signer.ts';
import { imageAt, signIn } from './signing-world.ts';

const INDEX = multiArch('app', { platforms: 1 });
const DIGESTS = [INDEX, ...INDEX.children].map(({ manifest }) => manifest.digest);
const POLICY = { attest: true, legacy: true };

type Registry = WriteRegistry & BrowseRegistry;
type Moment = 'before' | 'after';
/** After a read nothing is different from before the next call, so only writes count there. */
const WRITE = /^put|^finish|^start/;

/** A registry whose process is killed at a call: the call, and every later one, ends without an answer. */
function killedAt(
  registry: Registry,
  { call, moment }: { call: number; moment: Moment },
  kill: AbortController,
) {
  let calls = 0;
  const handler: ProxyHandler<Registry> = {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...given: readonly unknown[]) => {
        kill.signal.throwIfAborted();
        if (moment === 'before' || WRITE.test(String(name))) calls += 1;
        const isLast = calls === call && !kill.signal.aborted;
        if (isLast && moment === 'before') kill.abort();
        kill.signal.throwIfAborted();
        const answer: unknown = await Reflect.apply(method, target, given);
        if (isLast) kill.abort();
        kill.signal.throwIfAborted();
        return answer;
      };
    },
  };
  return { registry: new Proxy(registry, handler), calls: () => calls };
}

async function world() {
  const registries = [await embeddedForTest(), await embeddedForTest()];
  for (const registry of registries) push(registry, 'app', INDEX);
  return { registries, image: imageAt(INDEX, ...registries) };
}

/** The bundles and tags that some registry has: signatures that no other run needs to make. */
function storedIn(registries: readonly EmbeddedRegistry[]): readonly string[] {
  const bundles = registries.flatMap(({ store }) =>
    DIGESTS.flatMap((digest) => store.referrers('app', digest))
      .filter(({ facts }) => facts.artifactType === BUNDLE)
      .map(({ bytes }) => annotationsOf({ bytes })[BUNDLE_ANNOTATIONS.predicateType] ?? ''),
  );
  // tags name the repository of their registry, so each registry has its own
  return Array.from(new Set(bundles));
}

function tagsIn(registries: readonly EmbeddedRegistry[]): number {
  return registries.flatMap(({ store }) =>
    DIGESTS.filter((digest) => store.manifest('app', cosignTagOf(digest, 'sig')) !== undefined),
  ).length;
}

const MOMENTS: readonly Moment[] = ['before', 'after'];

describe('a run that is killed', () => {
  it.each(MOMENTS)(
    '%s any call is completed by the next one, which signs nothing that is stored',
    async (moment) => {
      const signer = new KeySigner();
      const measured = killedAt(clientForTest().registry, { call: -1, moment }, new AbortController());
      const { image } = await world();
      await signIn([image], { signer, policy: POLICY, registry: measured.registry });
      expect(measured.calls()).toBeGreaterThan(20);
      for (let call = 1; call <= measured.calls(); call += 1) {
        const { registries, image } = await world();
        const [first, second] = [signer.log.length, () => signer.log.slice(first)];
        const kill = new AbortController();
        const { registry } = killedAt(clientForTest().registry, { call, moment }, kill);
        await signIn([image], { signer, policy: POLICY, registry, signal: kill.signal });
        expect(kill.signal.aborted, `call ${call}`).toBe(true);
        const [stored, tags] = [storedIn(registries), tagsIn(registries)];
        const made = second().length;

        const next = await signIn([image], { signer, policy: POLICY });
        expect(next.places.every(({ outcome }) => outcome === 'present' || outcome === 'signed')).toBe(true);
        // requests in flight may still be served after the kill
        const again = second().slice(made);
        const statements = again.filter((text) => !text.includes('docker-reference'));
        const types = statements.map((text) => parseStatement(Buffer.from(text)).predicateType);
        expect(new Set(types).size, `call ${call}`).toBe(types.length);
        expect(
          types.filter((type) => stored.includes(type)),
          `call ${call}`,
        ).toEqual([]);
        expect(again.length - types.length, `tags after call ${call}`).toBeLessThanOrEqual(
          2 * DIGESTS.length - tags,
        );
        expect(tagsIn(registries)).toBe(2 * DIGESTS.length);
        expect((await signIn([image], { signer, policy: { ...POLICY, thorough: true } })).made).toBe(0);
      }
    },
    300_000,
  );
});
