/** The comparison of new images with the images promoted before them. Version 1. Its strings are untrusted: renderers escape them. */
export interface Review {
  readonly version: 1;
  /** New digests, sorted by image and tag. */
  readonly images: readonly ImageReview[];
  /** Promoted digests with new tags or destinations: their content is not new. */
  readonly promoted: readonly PromotedImage[];
}

export interface PromotedImage {
  /** The source repository. */
  readonly image: string;
  readonly digest: string;
  readonly tags: readonly string[];
}

export interface ImageReview extends PromotedImage {
  /** Sorted. */
  readonly destinations: readonly string[];
  /** `file:line:column`. */
  readonly at: string;
  /** Null for the first image of its repository. */
  readonly previous: PreviousImage | null;
  readonly result: ReviewResult;
}

/** The image that a new one is compared with. */
export interface PreviousImage {
  readonly digest: string;
  /** Null for a digest without a tag. */
  readonly tag: string | null;
  /** `version`: the highest version below the new one; `order`: the last entry of the list of images. */
  readonly chosenBy: 'version' | 'order';
}

export type ReviewResult =
  | { readonly kind: 'failed'; readonly reason: string }
  | ({ readonly kind: 'compared' } & Differences);

/** The differences between two images. For the first image of a repository everything is gained. */
export interface Differences {
  /** Every platform of both images, sorted. */
  readonly platforms: readonly PlatformSize[];
  readonly fields: readonly FieldChange[];
  /** Changed fields beyond the limit of `fields`. */
  readonly moreFields: number;
  /** Null unless both images name a commit. */
  readonly commits: CommitRange | null;
  /** Null unless both images have a readable SBOM. */
  readonly packages: PackageChanges | null;
  /** Parts that could not be compared, with reasons. */
  readonly unknown: readonly string[];
}

/** Compressed bytes of one platform: config and layers. Null for an image without the platform. */
export interface PlatformSize {
  /** `linux/amd64`; `chart` or `artifact` for content without a platform. */
  readonly platform: string;
  readonly before: number | null;
  readonly after: number | null;
}

/** A field of the config, or the base image, that was added, removed or changed. */
export interface FieldChange {
  /** `user`, `env PATH`, `label version`. */
  readonly field: string;
  /** Empty for all platforms that were compared. */
  readonly platforms: readonly string[];
  readonly before: string | null;
  readonly after: string | null;
}

export interface CommitRange {
  readonly before: string;
  readonly after: string;
  /** The comparison on GitHub or GitLab; null for other hosts. */
  readonly url: string | null;
}

export interface PackageChanges {
  /** The platform whose SBOMs were compared. */
  readonly platform: string;
  readonly gained: readonly PackageChange[];
  readonly lost: readonly PackageChange[];
  readonly changed: readonly PackageChange[];
  /** Number of packages with equal versions. */
  readonly unchanged: number;
  /** Numbers of all changes, including those beyond the limit of the lists. */
  readonly counts: Readonly<Record<'gained' | 'lost' | 'changed', number>>;
}

export interface PackageChange {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}
