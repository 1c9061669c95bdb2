import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readManifestFacts } from '../../src/embedded-registry/storage/manifest-facts.ts';
import { canonicalDigest } from '../../src/embedded-registry/storage/schema1-digest.ts';
import { digestOf, parseDigest } from '../../src/image/digest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1_SIGNED,
  isIndexType,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import {
  guessMediaType,
  ManifestError,
  parseReferences,
  verifyManifest,
} from '../../src/image/oci-manifest.ts';
import { image, manifestsOf, multiArch } from '../builders/images.ts';
import { damaged, FUZZ, jsonOf, toTheEnd, UNPRINTABLE } from './fuzzing.ts';

const TYPES = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST, OCI_ARTIFACT, DOCKER_SCHEMA1_SIGNED];
const A = `sha256:${'a'.repeat(64)}`;
const HEADER = Buffer.from('{"formatLength":7,"formatTail":"fQ"}').toString('base64url');

const mediaType = fc.constantFrom(...TYPES, '', 'text/html');
const document = jsonOf(
  [
    'mediaType',
    'manifests',
    'layers',
    'config',
    'blobs',
    'fsLayers',
    'blobSum',
    'digest',
    'size',
    'signatures',
  ].concat(['protected', 'subject', '__proto__', 'toString']),
  [...TYPES, A, A.toUpperCase(), `sha512:${'b'.repeat(128)}`, HEADER, 0, 1, -1, 1.5, 2 ** 60, null, true, ''],
);
const GOOD = [
  image({ seed: 'good' }),
  image({ seed: 'docker', format: 'docker' }),
  multiArch('good', { platforms: 2 }),
]
  .flatMap(manifestsOf)
  .map(({ bytes }) => Buffer.from(bytes).toString());
const bytes = fc.oneof(
  document.map((value) => Buffer.from(JSON.stringify(value))),
  damaged(fc.constantFrom(...GOOD)),
  fc.uint8Array(),
);

describe('a manifest of any server', () => {
  it('has well-formed references, or is refused with a ManifestError', () => {
    fc.assert(
      fc.property(bytes, mediaType, (content, type) => {
        try {
          const { manifests, blobs } = parseReferences({
            mediaType: type,
            digest: digestOf(content),
            bytes: content,
          });
          for (const { digest, size } of [...manifests, ...blobs]) {
            expect(parseDigest(digest)).toBe(digest);
            expect(Number.isSafeInteger(size) && size >= -1).toBe(true);
          }
          expect(new Set(blobs.map(({ digest }) => digest)).size).toBe(blobs.length);
          expect(manifests.length === 0 || isIndexType(type)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ManifestError);
          expectShort(error);
        }
      }),
      FUZZ,
    );
  });

  it('is taken for the digest of its bytes and for no other', () => {
    fc.assert(
      fc.property(bytes, mediaType, (content, type) => {
        const own = { mediaType: type, digest: digestOf(content), bytes: content };
        expect(() => verifyManifest(own)).not.toThrow();
        const other = digestOf(Buffer.concat([content, Buffer.from('other')]));
        expect(() => verifyManifest({ ...own, digest: other })).toThrow(ManifestError);
      }),
      FUZZ,
    );
  });

  it('has a media type, whatever it is', () => {
    fc.assert(
      fc.property(bytes, (content) => {
        expect(typeof guessMediaType(content)).toBe('string');
      }),
      FUZZ,
    );
  });

  it('tells a registry its facts, or none', () => {
    fc.assert(
      fc.property(bytes, mediaType, (content, type) => {
        const { subject, contentBytes } = readManifestFacts(content);
        if (subject !== undefined) expect(parseDigest(subject)).toBe(subject);
        expect(typeof contentBytes).toBe('number');
        expect(parseDigest(canonicalDigest(type, content))).toBeDefined();
      }),
      FUZZ,
    );
  });
});

describe('what was found so', () => {
  it('a subject whose digest is an object has none', () => {
    const content = Buffer.from('{"subject":{"digest":{"toString":"text"}}}');
    expect(readManifestFacts(content)).toEqual({ contentBytes: 0 });
  });
});

describe('a manifest of the largest size is read to its end', () => {
  it.each(['[', '{"a":', '"', '\\', '{"manifests":[', '"protected":"', '"protected"   ', ' '])(
    'of %j',
    (piece) => {
      const content = Buffer.from(piece.repeat((4 * 1024 * 1024) / piece.length));
      const digest = digestOf(content);
      toTheEnd(() => readManifestFacts(content));
      for (const type of TYPES) {
        const read = () => parseReferences({ mediaType: type, digest, bytes: content });
        expect(() => toTheEnd(read)).toThrow(ManifestError);
        toTheEnd(() => canonicalDigest(type, content));
      }
    },
  );
});

function expectShort(error: unknown): void {
  const message = error instanceof Error ? error.message : '';
  expect(message.length).toBeLessThan(2000);
  expect(message).not.toMatch(UNPRINTABLE);
}
