import type { Digest } from '../image/digest.ts';
import type { RegistryName, Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';

/** A fact about a registry that its images do not show. */
export type Notice =
  /** A repository is left out of the result. `name` is its image name; empty if everything is left out. */
  | {
      readonly kind: 'unreadable';
      readonly repository: Repository;
      readonly name: string;
      readonly reason: string;
    }
  /** An index is listed but cannot be read, so its children were not left out. */
  | {
      readonly kind: 'unread-index';
      readonly repository: Repository;
      readonly name: string;
      readonly index: Digest;
      readonly reason: string;
    }
  /** Neither the registry nor the request gives a complete list of repositories. */
  | {
      readonly kind: 'unlisted';
      readonly registry: RegistryName;
      /** Number of repositories before the list broke off. */
      readonly listedCount: number;
      readonly reason: string;
    }
  /** The host cannot list the whole registry at once, so repositories are listed one by one, which takes longer. */
  | { readonly kind: 'not-whole'; readonly registry: RegistryName; readonly reason: string }
  /** The user names a repository that does not exist or is empty. */
  | { readonly kind: 'not-there'; readonly repository: Repository }
  /** The registry holds images itself, so all names are relative to its parent. */
  | { readonly kind: 'holds-images'; readonly registry: RegistryName; readonly parent: RegistryName }
  /** The host does not show digests that no tag, index or referrer leads to. */
  | { readonly kind: 'tags-only'; readonly host: string }
  /** Manifests want several digests for a tag, so its digest is undecided. */
  | { readonly kind: 'conflict'; readonly repository: Repository; readonly tag: Tag; readonly claims: string }
  /** No image at or below the registry; `presence` is whether the registry or a repository exists. */
  | { readonly kind: 'nothing-there'; readonly registry: RegistryName; readonly presence: Presence }
  /** No manifest names the registry as a destination, or a part of it. */
  | { readonly kind: 'nothing-wanted'; readonly registry: RegistryName }
  /** There are repositories, and no image in them has the tag. */
  | { readonly kind: 'tag-not-there'; readonly registry: RegistryName; readonly tag: Tag };

/** `unknown` for a registry that answers the same for an empty and a missing repository. */
export type Presence = 'present' | 'absent' | 'unknown';

export type Notify = (notice: Notice) => void;
