import type { Descriptor } from '../../../image/descriptor.ts';
import type { Digest } from '../../../image/digest.ts';
import type { RawManifest } from '../../../image/oci-manifest.ts';
import type { Repository } from '../../../image/repository.ts';
import type { BlobCondition } from '../../../ports/registry.ts';
import { RegistryError } from '../../../ports/registry-error.ts';

/** An image that a destination has by name, with damaged or missing content. */
export interface FlawedImage {
  readonly destination: Repository;
  readonly digest: Digest;
  /** Repositories that may have its content, in the order to try. */
  readonly sources: readonly Repository[];
}

/** The damage to a manifest at a destination and to the content that it references. */
export interface Examination {
  readonly digest: Digest;
  /** From the destination or a source; undefined if none has it. */
  readonly manifest: RawManifest | undefined;
  /** Undefined if neither the manifest nor anything below it is to be sent. */
  readonly piece: ManifestPiece | undefined;
  readonly blobs: readonly BlobPiece[];
  /** The damaged children of an index. */
  readonly children: readonly Examination[];
}

interface PieceBase {
  /** `sound` for a manifest that is sent again because content below it is. */
  readonly condition: BlobCondition;
  /** The first source that has it; undefined if none has. */
  readonly from: Repository | undefined;
}

export interface ManifestPiece extends PieceBase {
  readonly kind: 'manifest';
  readonly digest: Digest;
  /** True if no source has some content below it. It is not sent then. */
  readonly isBlocked: boolean;
}

export interface BlobPiece extends PieceBase {
  readonly kind: 'blob';
  readonly digest: Digest;
  readonly blob: Descriptor;
}

export type Piece = ManifestPiece | BlobPiece;

/** True for the answer of a registry that has a manifest but cannot serve its bytes. */
export function isDamage(error: unknown): boolean {
  return error instanceof RegistryError && (error.code === 'mismatch' || error.status === 500);
}

/** The pieces to send for an image, in their order, each once. */
export function piecesOf({ blobs, children, piece }: Examination): readonly Piece[] {
  const below = [...children.flatMap(piecesOf), ...blobs];
  const all = piece === undefined ? below : [...below, piece];
  return Array.from(new Map(all.map((one) => [one.digest, one])).values());
}
