import type { Descriptor } from '../../../src/image/descriptor.ts';
import type { Repository } from '../../../src/image/repository.ts';
import type { Tag } from '../../../src/image/tag.ts';
import type { BlobBody, WriteRegistry } from '../../../src/ports/registry.ts';
import { type Blob, blobsOf, type Content, manifestsOf } from '../../builders/images.ts';

const { signal } = new AbortController();

/** Puts content and all that it leads to into a repository, by nothing but the port: blobs, children, itself, tags. */
export async function pushThroughPort(
  registry: WriteRegistry,
  repository: Repository,
  { content, tags = [] }: { readonly content: Content; readonly tags?: readonly Tag[] },
): Promise<void> {
  await Promise.all(blobsOf(content).map((blob) => uploadBlob(registry, repository, { blob })));
  for (const manifest of manifestsOf(content)) {
    await registry.putManifest(repository, { reference: manifest.digest, manifest }, signal);
  }
  for (const reference of tags) {
    await registry.putManifest(repository, { reference, manifest: content.manifest }, signal);
  }
}

/** Uploads a blob; `open` gives its bytes unless told otherwise. */
export async function uploadBlob(
  registry: WriteRegistry,
  repository: Repository,
  { blob, open = () => blob.bytes }: { readonly blob: Blob; readonly open?: () => BlobBody },
): Promise<void> {
  const session = await registry.startUpload(repository, signal);
  const upload = { session, blob: describeBlob(blob), open: () => Promise.resolve(open()) };
  await registry.finishUpload(upload, signal);
}

export function describeBlob({ mediaType, digest, bytes }: Blob): Descriptor {
  return { mediaType, digest, size: bytes.length };
}
