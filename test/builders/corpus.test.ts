import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { DOCKER_LIST, OCI_INDEX, OCI_LAYER_GZIP } from '../../src/image/media-types.ts';
import { corpus } from './corpus.ts';
import { promoterManifest } from './promoter-manifest.ts';
import { placements } from './push-corpus.ts';

describe('the corpus', () => {
  it('of full size has the totals that the bar for requests was measured with', () => {
    const full = corpus();
    const { first, again } = placements(full);
    const bytes = [...full.blobs.values()].reduce((total, blob) => total + blob.length, 0);
    expect({
      indexes: full.images.length,
      manifests: full.images.reduce((total, image) => total + 1 + image.manifests.length, 0),
      blobs: full.blobs.size,
      uploads: first.length,
      mounts: first.length + again.length,
      megabytes: Math.round(bytes / 1e6),
    }).toEqual({ indexes: 100, manifests: 600, blobs: 1591, uploads: 1591, mounts: 1781, megabytes: 63 });
  });

  it('is the same bytes on every machine', () => {
    const { images } = corpus({ names: 2, versions: 1, platforms: 1 });
    expect(
      images.map(({ repository, tag, index }) => [repository, tag, index.mediaType, index.digest]),
    ).toEqual([
      [
        'img-000',
        'v1.0.0',
        OCI_INDEX,
        'sha256:458c9052996013e546e8d7442cf811b416b1787651d0eabd07eebbb4a3c6b8d0',
      ],
      [
        'img-001',
        'v1.0.0',
        DOCKER_LIST,
        'sha256:e2b3f78a470eab6b33d680c285ddbace0545432484499ac161c5ef02ffb30195',
      ],
    ]);
  });

  it('has configs that name the archives below the gzip of its layers', () => {
    const { images, blobs } = corpus({ names: 1, versions: 1, platforms: 1 });
    const descriptors = images[0]?.blobs ?? [];
    const layers = descriptors.filter(({ mediaType }) => mediaType === OCI_LAYER_GZIP);
    const config = JSON.parse(Buffer.from(blobs.get(descriptors[0]!.digest)!).toString());
    const diffIds = layers.map(({ digest }) => digestOf(gunzipSync(blobs.get(digest)!)));
    expect(config.rootfs).toEqual({ type: 'layers', diff_ids: diffIds });
  });

  it('has a promoter manifest with each name once', () => {
    const small = corpus({ names: 1, versions: 2, platforms: 1 });
    const digests = small.images.map(({ index }) => index.digest);
    const text = promoterManifest(small, { source: 'localhost:1/from', destinations: ['localhost:2/to'] });
    expect(text).toBe(`registries:
- name: localhost:1/from
  src: true
- name: localhost:2/to
images:
- name: img-000
  dmap:
    "${digests[0]}": ["v1.0.0"]
    "${digests[1]}": ["v1.1.0"]
`);
  });
});
