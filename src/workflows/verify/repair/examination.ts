import type { Descriptor } from '../../../image/descriptor.ts';
import type { Digest } from '../../../image/digest.ts';
import type { RawManifest } from '../../../image/oci-manifest.ts';
import type { Repository } from '../../../image/repository.ts';
import type { BlobCondition } from '../../../ports/registry.ts';
import { RegistryError } from '../../../ports/registry-error.ts';

/** An image that a destination has by name, while something is wrong with its content. */
export interface FlawedImage {
  readonly destination: Repository;
  readonly digest: Digest;
  /** Where its content may be read from, in the order to try. */
  readonly sources: readonly Repository[];
}

/** What a manifest at a destination leads to, as far as it is wrong. */
export interface Examination {
  readonly digest: Digest;
  /** As the destination or a source has it; undefined where nobody has. */
  readonly manifest: RawManifest | undefined;
  /** Undefined where neither the manifest nor anything below it is to be sent. */
  readonly piece: ManifestPiece | undefined;
  readonly blobs: readonly BlobPiece[];
  /** Those of an index that something is wrong with. */
  readonly children: readonly Examination[];
}

interface PieceBase {
  /** `sound` of a manifest that is put again because of what is below it. */
  readonly condition: BlobCondition;
  /** The first source that has it; undefined where none does. */
  readonly from: Repository | undefined;
}

export interface ManifestPiece extends PieceBase {
  readonly kind: 'manifest';
  readonly digest: Digest;
  /** True where something below it is to be had nowhere: then it is not sent. */
  readonly isBlocked: boolean;
}

export interface BlobPiece extends PieceBase {
  readonly kind: 'blob';
  readonly digest: Digest;
  readonly blob: Descriptor;
}

export type Piece = ManifestPiece | BlobPiece;

/** True for an answer of a registry that has a manifest and cannot serve its bytes. */
export function isDamage(error: unknown): boolean {
  return error instanceof RegistryError && (error.code === 'mismatch' || error.status === 500);
}

/** Everything that is to be sent for an image, in the order in which it is; each piece once. */
export function piecesOf({ blobs, children, piece }: Examination): readonly Piece[] {
  const below = [...children.flatMap(piecesOf), ...blobs];
  const all = piece === undefined ? below : [...below, piece];
  return Array.from(new Map(all.map((one) => [one.digest, one])).values());
}
