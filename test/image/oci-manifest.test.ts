// Covers src/image/media-types.ts
// Covers src/image/schema1.ts

import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import {
  ACCEPT_MANIFESTS,
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  isBlobType,
  isIndexType,
  isManifestType,
  isSchema1Type,
  OCI_ARTIFACT,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import {
  guessMediaType,
  ManifestError,
  parseReferences,
  type RawManifest,
  UNKNOWN_SIZE,
  verifyManifest,
} from '../../src/image/oci-manifest.ts';
import { image, multiArch } from '../builders/images.ts';
import { digest } from '../builders/manifests.ts';

const A = digest('a');
const B = digest('b');
const C = digest('c');

function raw(mediaType: string, document: unknown): RawManifest {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return { mediaType, digest: digestOf(bytes), bytes };
}

function blob(digest: string, size: unknown = 1) {
  return { mediaType: 'application/x', digest, size };
}

function codeOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    return error instanceof ManifestError ? error.code : error;
  }
  return 'nothing was thrown';
}

describe('the references of a manifest', () => {
  it.each([
    ['an OCI image', OCI_MANIFEST],
    ['a Docker image', DOCKER_MANIFEST],
  ])('of %s are its config and its layers, each once, in its order', (_what, mediaType) => {
    const document = { mediaType, config: blob(A), layers: [blob(B), blob(C), blob(B), blob(A)] };
    const { manifests, blobs } = parseReferences(raw(mediaType, document));
    expect(manifests).toEqual([]);
    expect(blobs.map((one) => one.digest)).toEqual([A, B, C]);
  });

  it.each([
    ['an OCI index', OCI_INDEX],
    ['a Docker list', DOCKER_LIST],
  ])('of %s are its manifests', (_what, mediaType) => {
    const { manifests, blobs } = parseReferences(raw(mediaType, { manifests: [blob(B), blob(A)] }));
    expect({ manifests: manifests.map((one) => one.digest), blobs }).toEqual({
      manifests: [B, A],
      blobs: [],
    });
  });

  it('of an index are its blobs too, each once: a build cache lists layers and a config', () => {
    const entries = [
      { ...blob(B), mediaType: OCI_LAYER_GZIP },
      { ...blob(A), mediaType: OCI_MANIFEST },
      { ...blob(C), mediaType: 'application/vnd.buildkit.cacheconfig.v0' },
      { ...blob(B), mediaType: OCI_LAYER_GZIP },
    ];
    const { manifests, blobs } = parseReferences(raw(OCI_INDEX, { manifests: entries }));
    expect(manifests.map((one) => one.digest)).toEqual([A]);
    expect(blobs.map((one) => one.digest)).toEqual([B, C]);
  });

  const NONDISTRIBUTABLE = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
  const FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  it.each([
    ['a nondistributable layer with urls', NONDISTRIBUTABLE, ['https://example.com/l'], []],
    ['a foreign layer with urls', FOREIGN, ['', 'https://example.com/l'], []],
    ['a nondistributable layer without urls', NONDISTRIBUTABLE, undefined, [B]],
    ['a foreign layer without urls', FOREIGN, undefined, [B]],
    ['null for urls', FOREIGN, null, [B]],
    ['no url in the list', NONDISTRIBUTABLE, [], [B]],
    ['an empty url', NONDISTRIBUTABLE, [''], [B]],
    ['a url that is no list', NONDISTRIBUTABLE, 'https://example.com/l', [B]],
    ['urls that are no text', FOREIGN, [7, null], [B]],
    ['an ordinary layer with urls', OCI_LAYER_GZIP, ['https://example.com/l'], [B]],
  ])('are what a registry has to hold: %s', (_what, mediaType, urls, held) => {
    const layers = [{ ...blob(B), mediaType, urls }];
    for (const document of [{ config: blob(A), layers }, { manifests: layers }]) {
      const type = 'layers' in document ? OCI_MANIFEST : OCI_INDEX;
      const { blobs } = parseReferences(raw(type, document));
      expect(blobs.map((one) => one.digest).filter((one) => one !== A)).toEqual(held);
    }
  });

  it('of an index of nothing are none', () => {
    expect(parseReferences(raw(OCI_INDEX, { manifests: [] }))).toEqual({ manifests: [], blobs: [] });
  });

  it('of an artifact manifest are its blobs', () => {
    expect(parseReferences(raw(OCI_ARTIFACT, { blobs: [blob(A), blob(A)] })).blobs).toEqual([blob(A)]);
  });

  it('of schema 1 are its layers, whose size nobody knows', () => {
    const document = { schemaVersion: 1, fsLayers: [{ blobSum: A }, { blobSum: B }, { blobSum: A }] };
    const { blobs } = parseReferences(raw(DOCKER_SCHEMA1_SIGNED, document));
    expect(blobs.map(({ digest, size }) => ({ digest, size }))).toEqual([
      { digest: A, size: UNKNOWN_SIZE },
      { digest: B, size: UNKNOWN_SIZE },
    ]);
  });

  it('do not include the subject: a referrer does not bring what it refers to', () => {
    const document = { config: blob(A), layers: [], subject: blob(B) };
    expect(parseReferences(raw(OCI_MANIFEST, document))).toEqual({ manifests: [], blobs: [blob(A)] });
  });

  it.each([
    ['an index that is served as an image', OCI_MANIFEST, { mediaType: OCI_INDEX, manifests: [] }],
    [
      'an image that is served as an index',
      OCI_INDEX,
      { mediaType: OCI_MANIFEST, config: blob(A), layers: [] },
    ],
    ['an OCI image that is served as a Docker one', DOCKER_MANIFEST, { mediaType: OCI_MANIFEST }],
    ['layers beside manifests', OCI_INDEX, { manifests: [], layers: [] }],
    ['a config beside manifests', OCI_INDEX, { manifests: [], config: blob(A) }],
    ['manifests beside layers', OCI_MANIFEST, { config: blob(A), layers: [], manifests: [] }],
    ['a mediaType that is no text', OCI_MANIFEST, { mediaType: 3, config: blob(A), layers: [] }],
  ])('are refused for %s', (_what, mediaType, document) => {
    expect(codeOf(() => parseReferences(raw(mediaType, document)))).toBe('manifest-confused');
  });

  it.each([
    ['what is not JSON', OCI_MANIFEST, '{'],
    ['nothing', OCI_MANIFEST, ''],
    ['a list', OCI_MANIFEST, []],
    ['null', OCI_INDEX, 'null'],
    ['an image without config', OCI_MANIFEST, { layers: [] }],
    ['an image without layers', OCI_MANIFEST, { config: blob(A) }],
    ['an index without manifests', OCI_INDEX, {}],
    ['manifests that are no list', OCI_INDEX, { manifests: { 0: blob(A) } }],
    ['a null descriptor', OCI_INDEX, { manifests: [null] }],
    ['a malformed digest', OCI_MANIFEST, { config: blob('sha256:abc'), layers: [] }],
    ['a path for a digest', OCI_MANIFEST, { config: blob('../../x'), layers: [] }],
    ['a missing digest', OCI_MANIFEST, { config: { size: 1 }, layers: [] }],
    ['a negative size', OCI_MANIFEST, { config: blob(A, -1), layers: [] }],
    ['half a byte', OCI_MANIFEST, { config: blob(A, 0.5), layers: [] }],
    ['a size in quotes', OCI_MANIFEST, { config: blob(A, '1'), layers: [] }],
    ['a size beyond counting', OCI_MANIFEST, { config: blob(A, 1e300), layers: [] }],
    ['a schema 1 layer without digest', DOCKER_SCHEMA1, { fsLayers: [{}] }],
  ])('are refused for %s', (_what, mediaType, document) => {
    expect(codeOf(() => parseReferences(raw(mediaType, document)))).toBe('manifest-malformed');
  });
});

describe('a manifest', () => {
  it.each([
    ['an image', image({ seed: 'a' }).manifest],
    ['an index', multiArch('b').manifest],
  ])('is the bytes that its digest promises: %s', (_what, manifest) => {
    expect(() => verifyManifest(manifest)).not.toThrow();
    const damaged = { ...manifest, bytes: Buffer.concat([manifest.bytes, Buffer.from('\n')]) };
    expect(codeOf(() => verifyManifest(damaged))).toBe('digest-mismatch');
  });

  it.each([
    [{ mediaType: DOCKER_LIST, manifests: [] }, DOCKER_LIST],
    [{ manifests: [] }, OCI_INDEX],
    [{ config: {}, layers: [] }, OCI_MANIFEST],
    ['not JSON', OCI_MANIFEST],
    [[], OCI_MANIFEST],
  ])('tells its media type where the server does not: %j', (document, expected) => {
    expect(guessMediaType(raw('', document).bytes)).toBe(expected);
  });
});

describe('a signed schema 1 manifest', () => {
  const payload = '{\n   "schemaVersion": 1,\n   "name": "app",\n   "fsLayers": []';
  const tail = '\n}';
  const sign = (header: unknown) => {
    const coded = Buffer.from(JSON.stringify(header)).toString('base64url');
    return Buffer.from(`${payload},\n   "signatures": [{"protected": "${coded}", "signature": "x"}]${tail}`);
  };
  const signed = sign({ formatLength: payload.length, formatTail: Buffer.from(tail).toString('base64url') });
  const unsigned = Buffer.from(payload + tail);

  it('has the digest of its payload without the signatures', () => {
    const manifest = { mediaType: DOCKER_SCHEMA1_SIGNED, digest: digestOf(unsigned), bytes: signed };
    expect(() => verifyManifest(manifest)).not.toThrow();
  });

  it('may have the digest of its bytes', () => {
    const manifest = { mediaType: DOCKER_SCHEMA1_SIGNED, digest: digestOf(signed), bytes: signed };
    expect(() => verifyManifest(manifest)).not.toThrow();
  });

  it.each([
    ['another digest', signed, digest('a'), DOCKER_SCHEMA1_SIGNED],
    [
      'a header that cuts elsewhere',
      sign({ formatLength: 3, formatTail: 'fQ' }),
      digestOf(unsigned),
      DOCKER_SCHEMA1,
    ],
    ['a header of something else', sign({ alg: 'none' }), digestOf(unsigned), DOCKER_SCHEMA1_SIGNED],
    ['bytes that are not JSON', Buffer.from('{'), digestOf(unsigned), DOCKER_SCHEMA1_SIGNED],
    ['no signatures', Buffer.from('{"signatures": []}'), digestOf(unsigned), DOCKER_SCHEMA1_SIGNED],
    ['null', Buffer.from('null'), digestOf(unsigned), DOCKER_SCHEMA1_SIGNED],
    ['the media type of an image', signed, digestOf(unsigned), OCI_MANIFEST],
  ])('is a mismatch with %s', (_what, bytes, expected, mediaType) => {
    expect(codeOf(() => verifyManifest({ mediaType, digest: expected, bytes }))).toBe('digest-mismatch');
  });
});

describe('media types', () => {
  it('tell indexes and schema 1', () => {
    expect([OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_SCHEMA1].map(isIndexType)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, DOCKER_MANIFEST].map(isSchema1Type)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it.each([
    [OCI_MANIFEST, 'manifest'],
    [DOCKER_LIST, 'manifest'],
    [OCI_ARTIFACT, 'manifest'],
    [DOCKER_SCHEMA1_SIGNED, 'manifest'],
    [OCI_LAYER_GZIP, 'blob'],
    [OCI_CONFIG, 'blob'],
    [OCI_EMPTY, 'blob'],
    [DOCKER_LAYER_GZIP, 'blob'],
    [DOCKER_CONFIG, 'blob'],
    ['application/vnd.oci.image.layer.v1.tar', 'blob'],
    ['application/vnd.oci.image.layer.v1.tar+zstd', 'blob'],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'blob'],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'blob'],
    ['application/vnd.buildkit.cacheconfig.v0', 'blob'],
    ['application/vnd.cncf.helm.chart.content.v1.tar+gzip', 'blob'],
    ['application/octet-stream', 'blob'],
    ['', 'unknown'],
    ['application/vnd.example.v1+json', 'unknown'],
    ['application/vnd.example.tar.manifest.v1+json', 'unknown'],
  ])('tell what an entry of an index is: %j is a %s', (mediaType, expected) => {
    const kind = isManifestType(mediaType) ? 'manifest' : isBlobType(mediaType) ? 'blob' : 'unknown';
    expect(kind).toBe(expected);
  });

  it('are all asked for at once', () => {
    for (const type of [OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED]) {
      expect(ACCEPT_MANIFESTS.split(', ')).toContain(type);
    }
  });
});
