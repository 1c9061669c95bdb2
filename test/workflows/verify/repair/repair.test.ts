// Covers src/copy/content-sender.ts
// Covers src/workflows/verify/content-check.ts
// Covers src/workflows/verify/repair/describe-repair.ts
// Covers src/workflows/verify/repair/examination.ts
// Covers src/workflows/verify/repair/examiner.ts
// Covers src/workflows/verify/repair/find-damaged-images.ts
// Covers src/workflows/verify/repair/image-repairer.ts
// Covers src/workflows/verify/repair/repair-report.ts

import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../../src/image/digest.ts';
import { RegistryError } from '../../../../src/ports/registry-error.ts';
import { exitCodeOf } from '../../../../src/report/exit-code.ts';
import type { Verification } from '../../../../src/report/report.ts';
import { image, layer, multiArch, nestedIndex } from '../../../builders/images.ts';
import { from, repository } from '../../../builders/manifests.ts';
import { MemoryRegistry, type MemoryRegistryOptions, type Verb } from '../../../doubles/memory-registry.ts';
import { linesOf, type VerifyingOptions, verifyManifests } from '../verifying.ts';

const SOURCE = 's.io/s/app';
const EU = 'eu.io/p/app';
const US = 'us.io/p/app';
const multi = multiArch('repair', { platforms: 3 });
const MULTI = multi.manifest.digest;
const [child, other] = multi.children;
if (child === undefined || other === undefined) throw new Error('no children');
const CHILD = child.manifest.digest;
const LAYER = digestOfLast(other.blobs);
const OTHER = other.manifest.digest;

const manifest = from('s.io/s')
  .to('eu.io/p', 'us.io/p')
  .promote({ app: { [MULTI]: ['v1', 'v2'] } });

const WRITES: readonly Verb[] = ['mount', 'start', 'finish', 'resume', 'cancel', 'put'];

function digestOfLast(blobs: readonly { readonly digest: Digest }[]): Digest {
  const digest = blobs.at(-1)?.digest;
  if (digest === undefined) throw new Error('no blobs');
  return digest;
}

/** The image at its source and at two destinations, of which Europe's is then damaged. */
function world(damage: (registry: MemoryRegistry) => void, options?: MemoryRegistryOptions): MemoryRegistry {
  const registry = new MemoryRegistry(options);
  for (const name of [SOURCE, EU, US]) registry.push(name, multi, 'v1', 'v2');
  damage(registry);
  return registry;
}

function repairing(
  registry: MemoryRegistry,
  repair: 'dry-run' | 'confirmed',
  options: VerifyingOptions = {},
): Promise<Verification> {
  return verifyManifests(registry, [manifest], { deep: true, repair, ...options });
}

function writesOf(registry: MemoryRegistry): readonly string[] {
  return registry.log().filter((line) => WRITES.some((verb) => line.startsWith(`${verb} `)));
}

function piecesOf({ repair }: Verification): readonly string[] {
  return (repair?.pieces ?? []).map(
    ({ repository: name, piece, digest, condition, from: source, outcome }) =>
      `${outcome} ${condition} ${piece} ${digest} ${name} < ${source}`,
  );
}

const losses: readonly [string, (registry: MemoryRegistry) => void][] = [
  ['a lost blob', (registry) => registry.lose(EU, LAYER)],
  ['a blob that is named and has no data', (registry) => registry.damageBlob(EU, LAYER, 'data')],
  ['a lost child', (registry) => registry.lose(EU, CHILD)],
  [
    'all of them, and a blob with a wrong bit, which only shows in an image that is read',
    (registry) => {
      registry.lose(EU, CHILD);
      registry.damageBlob(EU, LAYER, 'data');
      registry.damageBlob(EU, child.blobs[0]?.digest ?? LAYER, 'bit');
    },
  ],
];

describe.each(losses)('an image with %s', (_, damage) => {
  it('is repaired from its source, and no tag is written', async () => {
    const registry = world(damage);
    const tags = registry.tagsOf(EU);
    const verification = await repairing(registry, 'confirmed');
    expect(verification.summary).toMatchObject({ edges: 4, present: 2, repaired: 2, incomplete: 0 });
    expect(exitCodeOf(verification, { allowLost: false })).toBe(0);
    expect(registry.isWhole(EU, MULTI)).toBe(true);
    expect(registry.tagsOf(EU)).toEqual(tags);
    const puts = registry.calls.filter(({ verb }) => verb === 'put').map(({ what }) => what);
    expect(puts.filter((what) => !what.startsWith('sha256:'))).toEqual([]);
    expect(puts.at(-1)).toBe(MULTI);
    expect(registry.count({ verb: 'mount' })).toBe(0);
    expect(registry.openUploads).toBe(0);
    expect(verification.repair?.pieces.every(({ outcome }) => outcome === 'sent')).toBe(true);
  });

  it('needs no second repair', async () => {
    const registry = world(damage);
    await repairing(registry, 'confirmed');
    registry.calls.length = 0;
    const again = await repairing(registry, 'confirmed');
    expect(again).toMatchObject({
      summary: { present: 4, repaired: 0 },
      repair: { confirmed: true, pieces: [] },
    });
    expect(writesOf(registry)).toEqual([]);
  });

  it('a dry run lists the pieces to send, and writes nothing', async () => {
    const registry = world(damage);
    const before = registry.snapshot();
    const dry = await repairing(registry, 'dry-run');
    expect(writesOf(registry)).toEqual([]);
    expect(registry.snapshot()).toEqual(before);
    expect(dry.summary).toMatchObject({ present: 2, incomplete: 2, repaired: 0 });
    expect(exitCodeOf(dry, { allowLost: false })).toBe(1);
    for (const { reason } of dry.items)
      expect(reason).toMatch(/; -confirm would send \d+ blob|; -confirm would send \d+ man/);
    const sent = piecesOf(await repairing(registry, 'confirmed'));
    expect(piecesOf(dry).map((line) => line.replace('not-attempted', 'sent'))).toEqual(sent);
  });
});

describe('the pieces that a repair sends', () => {
  it('are the missing and damaged ones, and the manifests above them', async () => {
    const registry = world((there) => there.lose(EU, LAYER));
    registry.calls.length = 0;
    const verification = await repairing(registry, 'confirmed');
    expect(piecesOf(verification)).toEqual([
      `sent missing blob ${LAYER} ${EU} < ${SOURCE}`,
      ...[OTHER, MULTI].toSorted().map((digest) => `sent sound manifest ${digest} ${EU} < ${EU}`),
    ]);
    expect(writesOf(registry)).toEqual([
      `start ${EU}`,
      `finish ${EU} ${LAYER}`,
      `put ${EU} ${OTHER}`,
      `put ${EU} ${MULTI}`,
    ]);
    expect(registry.count({ verb: 'open-blob' })).toBe(1);
  });

  it('is sent once, whichever images have it', async () => {
    const shared = layer('shared by two');
    const two = ['one', 'two'].map((seed) => image({ seed, layers: [shared] }));
    const registry = new MemoryRegistry();
    for (const name of [SOURCE, EU]) for (const content of two) registry.push(name, content);
    registry.lose(EU, shared.digest);
    const wanted = from('s.io/s')
      .to('eu.io/p')
      .promote({ app: Object.fromEntries(two.map(({ manifest: { digest } }) => [digest, []])) });
    const { summary } = await verifyManifests(registry, [wanted], { deep: true, repair: 'confirmed' });
    expect(summary).toMatchObject({ edges: 2, repaired: 2 });
    expect(registry.count({ verb: 'finish', what: shared.digest })).toBe(1);
    expect(registry.count({ verb: 'put' })).toBe(2);
  });

  it('comes from a sibling where the source was pruned, from one that is whole first', async () => {
    const registry = world((there) => {
      there.lose(EU, LAYER);
      there.lose(SOURCE, LAYER);
      there.lose(SOURCE, MULTI);
    });
    const verification = await repairing(registry, 'confirmed');
    expect(verification.summary).toMatchObject({ present: 2, repaired: 2 });
    expect(piecesOf(verification)[0]).toBe(`sent missing blob ${LAYER} ${EU} < ${US}`);
    expect(writesOf(registry).filter((line) => line.includes(US))).toEqual([]);
  });

  it('comes from no sibling where these are turned off', async () => {
    const registry = world((there) => {
      there.lose(EU, LAYER);
      there.lose(SOURCE, LAYER);
    });
    const verification = await repairing(registry, 'confirmed', { siblings: false });
    expect(verification.summary).toMatchObject({ present: 2, incomplete: 2, repaired: 0 });
    expect(writesOf(registry)).toEqual([]);
  });

  it('of two destinations that lack different things each takes from the other', async () => {
    const registry = world((there) => {
      there.lose(SOURCE, MULTI);
      for (const one of [LAYER, CHILD]) there.lose(SOURCE, one);
      there.lose(EU, LAYER);
      there.lose(US, CHILD);
    });
    const { summary } = await repairing(registry, 'confirmed');
    expect(summary).toMatchObject({ present: 0, repaired: 4 });
    for (const name of [EU, US]) expect(registry.isWhole(name, MULTI)).toBe(true);
  });

  it('follows indexes within indexes', async () => {
    const nested = nestedIndex('repair nested');
    const registry = new MemoryRegistry();
    for (const name of [SOURCE, EU]) registry.push(name, nested, 'v1');
    const inner = nested.children.find(({ children }) => children.length > 0)?.children[0];
    const lost = inner?.manifest.digest ?? LAYER;
    registry.lose(EU, lost);
    const wanted = from('s.io/s')
      .to('eu.io/p')
      .promote({ app: { [nested.manifest.digest]: ['v1'] } });
    const { summary } = await verifyManifests(registry, [wanted], { deep: true, repair: 'confirmed' });
    expect(summary).toMatchObject({ repaired: 1 });
    expect(registry.isWhole(EU, nested.manifest.digest)).toBe(true);
  });
});

describe('a piece that cannot be repaired', () => {
  it('is reported if no source has it, and the others are sent', async () => {
    const registry = world((there) => {
      for (const name of [SOURCE, EU, US]) there.lose(name, LAYER);
      there.lose(EU, CHILD);
    });
    const verification = await repairing(registry, 'confirmed');
    expect(verification.summary).toMatchObject({ incomplete: 4, repaired: 0 });
    expect(exitCodeOf(verification, { allowLost: false })).toBe(1);
    expect(registry.isWhole(EU, CHILD)).toBe(true);
    expect(linesOf(verification)[0]).toMatch(
      new RegExp(
        `; not repaired \\(1 manifest sent\\): blob ${LAYER} .*: neither a source nor another destination has it$`,
      ),
    );
    const dry = await repairing(registry, 'dry-run');
    expect(linesOf(dry)[0]).toMatch(
      new RegExp(`; not repairable: neither .* has blob ${LAYER} of 1024 bytes$`),
    );
    expect(dry.repair?.pieces.map(({ reason }) => reason)).toContain('its content cannot be repaired');
  });

  it('names a registry that deduplicates by a damaged store', async () => {
    const registry = world((there) => there.damageBlob(EU, LAYER, 'data'), { deduplicates: true });
    const verification = await repairing(registry, 'confirmed');
    expect(verification.summary).toMatchObject({ present: 2, incomplete: 2, repaired: 0 });
    expect(linesOf(verification)[0]).toContain(
      'eu.io accepted it and still does not serve its bytes: it deduplicates by a damaged store',
    );
    expect(registry.count({ verb: 'finish' })).toBe(1);
    expect(registry.count({ verb: 'put' })).toBe(0);
  });

  it('a manifest that a registry takes by what it remembers is uploaded as a blob as well', async () => {
    const registry = world((there) => there.lose(EU, CHILD));
    let isUploaded = false;
    registry.atCall(({ verb, repository: name, what }) => {
      if (name !== EU || what !== CHILD) return;
      if (verb === 'finish') isUploaded = true;
      if (verb === 'fetch' && !isUploaded) registry.lose(EU, CHILD); // the put before was of no effect
    });
    const { summary } = await repairing(registry, 'confirmed');
    expect(summary).toMatchObject({ present: 2, repaired: 2 });
  });

  it('tells why a destination refuses', async () => {
    const registry = world((there) => there.lose(EU, LAYER));
    const error = new RegistryError('unauthorized', 'POST https://eu.io: 403: DENIED', { status: 403 });
    registry.fail({ verb: 'start', repository: repository(EU) }, { error });
    const verification = await repairing(registry, 'confirmed');
    expect(linesOf(verification)[0]).toContain(`: POST https://eu.io: 403: DENIED`);
    expect(verification.summary).toMatchObject({ present: 2, incomplete: 2 });
  });

  it('a destination that does not answer stays unreadable', async () => {
    const registry = world(() => {});
    registry.fail({ verb: 'fetch', repository: repository(EU) });
    const verification = await repairing(registry, 'confirmed');
    expect(verification.summary).toMatchObject({ present: 2, unreadable: 2 });
    expect(writesOf(registry)).toEqual([]);
  });

  it('is repaired where a manifest was damaged, not silent', async () => {
    const registry = world(() => {});
    const error = new RegistryError('mismatch', 'GET https://eu.io: other bytes');
    let isPut = false;
    registry.atCall(({ verb, repository: name, what }) => {
      if (verb === 'put' && what === CHILD) isPut = true;
      return verb === 'fetch' && name === EU && what === CHILD && !isPut ? error : undefined;
    });
    const { summary, repair } = await repairing(registry, 'confirmed');
    expect(summary).toMatchObject({ present: 2, repaired: 2, unreadable: 0 });
    expect(repair?.pieces.map(({ condition }) => condition)).toContain('damaged');
  });
});

describe('a repair that is stopped', () => {
  it('can be run again, wherever it was stopped', async () => {
    const damage = (registry: MemoryRegistry) => {
      registry.lose(EU, LAYER);
      registry.lose(EU, CHILD);
      registry.damageBlob(US, LAYER, 'data');
    };
    const whole = world(damage);
    await repairing(whole, 'confirmed');
    for (let stopAt = 1; stopAt <= whole.calls.length; stopAt++) {
      const registry = world(damage);
      const stop = new AbortController();
      let calls = 0;
      registry.atCall(() => {
        calls += 1;
        if (calls === stopAt) stop.abort();
      });
      const stopped = await repairing(registry, 'confirmed', { stopping: stop.signal });
      expect(stopped.stopped).toBe(true);
      expect(exitCodeOf(stopped, { allowLost: false })).toBe(1);
      expect(stopped.summary.edges).toBe(4);
      const { summary } = await repairing(registry, 'confirmed');
      expect(summary.present + summary.repaired).toBe(4);
      for (const name of [EU, US]) expect(registry.isWhole(name, MULTI)).toBe(true);
      expect(registry.openUploads).toBe(0);
    }
  });
});

describe('-deep -repair where nothing is wrong', () => {
  it('reads a byte of each blob in place of a question for it, and no more', async () => {
    const registry = world(() => {});
    const deep = await verifyManifests(registry, [manifest], { deep: true });
    const asked = registry.log().length;
    registry.calls.length = 0;
    const verification = await repairing(registry, 'confirmed');
    expect(verification).toEqual({ ...deep, repair: { confirmed: true, pieces: [] } });
    expect(registry.log()).toHaveLength(asked);
    expect(registry.count({ verb: 'has-blob' })).toBe(0);
  });
});
