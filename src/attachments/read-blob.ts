import { readWhole } from '../base/byte-stream.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';

export interface BlobRead {
  readonly repository: Repository;
  readonly blob: Descriptor;
}

/**
 * The bytes of a blob, in memory. They are verified: a blob that is larger than its descriptor says, or that has another
 * digest, throws a `RegistryError`. The caller limits the size of the descriptor.
 */
export async function readBlob(
  registry: ReadRegistry,
  { repository, blob }: BlobRead,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return readWhole(await registry.openBlob(repository, blob, signal));
}
