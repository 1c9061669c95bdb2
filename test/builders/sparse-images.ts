import { digestOf } from '../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { Content } from './content.ts';

export function digestNamed(name: string) {
  return digestOf(Buffer.from(name));
}

export function manifestOf(mediaType: string, body: object): Content {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...body }));
  return { manifest: { mediaType, bytes, digest: digestOf(bytes) }, blobs: [], children: [] };
}

/** An index of manifests, of which only those that are given as contents exist. */
export function sparseIndex(names: readonly string[], children: readonly Content[] = []): Content {
  const entry = (digest: string) => ({ mediaType: OCI_MANIFEST, digest, size: 100 });
  const manifests = [
    ...children.map(({ manifest }) => entry(manifest.digest)),
    ...names.map(digestNamed).map(entry),
  ];
  return { ...manifestOf(OCI_INDEX, { manifests }), children };
}

export function namesOf(count: number, prefix = ''): readonly string[] {
  return Array.from({ length: count }, (_, number) => `${prefix}${number}`);
}
