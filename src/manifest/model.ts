import type { Position } from '../base/position.ts';
import type { Digest } from '../image/digest.ts';
import type { ImageName, RegistryName } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { PolicyMode, ProvenancePolicy, SignaturePolicy } from '../signature/policy/policy.ts';

/** One promoter manifest: its valid entries. */
export interface PromoterManifest {
  /** The file that names the registries. */
  readonly file: string;
  readonly source: Registry;
  /** At least one, in the order of the file; each name once, never the source's. */
  readonly destinations: readonly Registry[];
  /** In the order of the file; a name may come several times. */
  readonly images: readonly ImageEntry[];
  /** Who has to have signed images of this source. Absent without the section. */
  readonly signatures?: PolicySection<SignaturePolicy>;
  /** The provenance that images of this source need. Absent without the section. */
  readonly provenance?: PolicySection<ProvenancePolicy>;
}

/** A policy of a project. It holds for all images at and below its source. */
export type PolicySection<Policy> = {
  /** The section's key. */
  readonly at: Position;
} & ({ readonly mode: 'off' } | { readonly mode: Exclude<PolicyMode, 'off'>; readonly policy: Policy });

export interface Registry {
  readonly name: RegistryName;
  readonly serviceAccount: string | undefined;
  readonly at: Position;
}

/** One entry of the list of images. */
export interface ImageEntry {
  readonly name: ImageName;
  readonly digests: readonly DigestEntry[];
  readonly at: Position;
}

/** One entry of a `dmap`: a digest and the tags it is wanted under. Without tags it is wanted by digest alone. */
export interface DigestEntry {
  readonly digest: Digest;
  readonly tags: readonly TagEntry[];
  readonly at: Position;
}

export interface TagEntry {
  readonly tag: Tag;
  readonly at: Position;
}

/** A fault of a file. An error leaves its entry out; a warning leaves nothing out. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** The name of the rule that found it, e.g. `digest`. */
  readonly rule: RuleName;
  /** One line: the fault, the expected value, the remedy. */
  readonly message: string;
  readonly at: Position;
  /** The lines around the place with a caret below it; empty where there is no text to show. */
  readonly frame: string;
}

export type RuleName =
  | 'yaml'
  | 'second-document'
  | 'shape'
  | 'unknown-field'
  | 'duplicate-key'
  | 'digest'
  | 'tag'
  | 'image-name'
  | 'empty-name'
  | 'empty-dmap'
  | 'registry-name'
  | 'service-account'
  | 'one-source'
  | 'destination'
  | 'policy'
  | 'too-many-edges'
  | 'file-size'
  | 'source-image'
  | 'orphan-images'
  | 'file-name'
  | 'format'
  | 'owners'
  | 'layout'
  | 'settings';

/** The good entries of all files, and the problems of the others. */
export interface ReadManifests {
  readonly manifests: readonly PromoterManifest[];
  /** In the order of file, line, column. */
  readonly problems: readonly Problem[];
  /** Entries in the files, bad ones included. */
  readonly counts: ManifestCounts;
}

export interface ManifestCounts {
  /** Promoter manifest files. */
  readonly projects: number;
  /** Entries of the lists of images. */
  readonly images: number;
  /** Entries of the dmaps. */
  readonly digests: number;
  /** Destination registries. Unset: not all manifests have been read. */
  readonly destinations?: number;
}
