import { readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../src/image/digest.ts';

/** The file with the bytes of a blob or manifest in the storage of distribution. */
function dataFileOf(data: string, digest: Digest): string {
  const [, hex = ''] = digest.split(':');
  return join(data, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
}

/** Removes the bytes of a blob or manifest, for every repository. */
export function removeData(data: string, digest: Digest): void {
  rmSync(dataFileOf(data, digest));
}

/** Cuts the bytes of a blob or manifest. */
export function truncateData(data: string, digest: Digest): void {
  truncateSync(dataFileOf(data, digest), 10);
}

/** Takes a blob or a manifest from one repository. */
export function removeLink(data: string, repository: string, digest: Digest): void {
  const [, hex = ''] = digest.split(':');
  const root = join(data, 'docker/registry/v2/repositories', repository);
  for (const folder of ['_layers', '_manifests/revisions']) {
    const links = join(root, folder, 'sha256');
    if (readdirSync(links).includes(hex)) rmSync(join(links, hex), { recursive: true });
  }
}
