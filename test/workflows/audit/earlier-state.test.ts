import { describe, expect, it } from 'vitest';
import type { SnapshotImage } from '../../../src/image/snapshot-image.ts';
import { makeSnapshotImage } from '../../../src/image/snapshot-image.ts';
import type { Snapshot } from '../../../src/workflows/audit/earlier-state.ts';
import { embeddedForTest } from '../../adapters/oci/client.ts';
import { type Content, image, push } from '../../builders/images.ts';
import { from, registryName, tag } from '../../builders/manifests.ts';
import { auditManifests } from './auditing.ts';

const A = image({ seed: 'a' });
const B = image({ seed: 'b' });
const C = image({ seed: 'c' });
const D = image({ seed: 'd' });
const TIME = '2023-11-14T22:13:20.000Z';

function digestOf({ manifest }: Content) {
  return manifest.digest;
}

function snapshotOf(name: string, content: readonly (readonly [Content, ...string[]])[]): SnapshotImage {
  const digests = new Map(content.map(([one, ...tags]) => [digestOf(one), tags.map(tag)]));
  const made = makeSnapshotImage(name, digests);
  if (made === undefined) throw new Error('a snapshot has an image');
  return made;
}

async function changesSince(images: readonly SnapshotImage[], path = 'prod') {
  const registry = await embeddedForTest({ listing: 'google', now: () => 1_700_000_000_000 });
  push(registry, 'prod/app', A, 'v1', 'kept');
  push(registry, 'prod/app', B, 'new');
  push(registry, 'prod/app', D);
  const manifest = from('staging.example/s')
    .to(`${registry.host}/prod`)
    .promote({ app: { [digestOf(A)]: ['v1', 'kept'] } });
  const snapshot: Snapshot = { registry: registryName(`${registry.host}/${path}`), images };
  const { sinceSnapshot: changes = [] } = await auditManifests([manifest], { since: [snapshot] });
  return changes.map(({ destination, ...change }) => ({
    ...change,
    destination: destination.replace(`${registry.host}/`, ''),
  }));
}

describe('changes since a snapshot', () => {
  it('are tags and untagged digests that were added, moved or deleted, with their upload', async () => {
    const changes = await changesSince([
      snapshotOf('app', [[A, 'kept'], [B, 'v1', 'old'], [C]]),
      snapshotOf('gone/deep', [[A, 'v1']]),
    ]);
    const none = { before: null, uploaded: null };
    expect(changes).toEqual(
      [
        { change: 'added', destination: 'prod/app:new', digest: digestOf(B), before: null, uploaded: TIME },
        {
          change: 'added',
          destination: `prod/app@${digestOf(D)}`,
          digest: digestOf(D),
          before: null,
          uploaded: TIME,
        },
        { change: 'deleted', destination: 'prod/app:old', digest: digestOf(B), ...none },
        { change: 'deleted', destination: `prod/app@${digestOf(C)}`, digest: digestOf(C), ...none },
        { change: 'deleted', destination: 'prod/gone/deep:v1', digest: digestOf(A), ...none },
        {
          change: 'moved',
          destination: 'prod/app:v1',
          digest: digestOf(A),
          before: digestOf(B),
          uploaded: TIME,
        },
      ].toSorted((a, b) => (a.destination < b.destination ? -1 : 1)),
    );
  });

  it('are none where nothing has changed', async () => {
    const same = snapshotOf('app', [[A, 'v1', 'kept'], [B, 'new'], [D]]);
    expect(await changesSince([same])).toEqual([]);
  });

  it('are compared by the names of a registry that is an image itself', async () => {
    const changes = await changesSince([snapshotOf('app', [[A, 'v1', 'kept'], [B, 'new'], [D]])], 'prod/app');
    expect(changes).toEqual([]);
  });
});
