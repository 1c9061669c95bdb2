import type { Digest } from '../image/digest.ts';
import type { RegistryName, Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';

/** What the images of a registry do not tell. */
export type Notice =
  /** A repository is left out of the result. `name` is what its image would be called; empty where all is left out. */
  | {
      readonly kind: 'unreadable';
      readonly repository: Repository;
      readonly name: string;
      readonly reason: string;
    }
  /** An index is listed and cannot be read, so that what it lists was not left out of its image. */
  | {
      readonly kind: 'unread-index';
      readonly repository: Repository;
      readonly name: string;
      readonly index: Digest;
      readonly reason: string;
    }
  /** Neither the registry nor the request says which repositories there are, or not to the end. */
  | {
      readonly kind: 'unlisted';
      readonly registry: RegistryName;
      /** Repositories that it has told of before its list broke off. */
      readonly told: number;
      readonly reason: string;
    }
  /** The host does not tell all of the registry at once, so each repository is asked for: it takes longer. */
  | { readonly kind: 'not-whole'; readonly registry: RegistryName; readonly reason: string }
  /** The user names a repository that the registry does not have, or that holds nothing. */
  | { readonly kind: 'not-there'; readonly repository: Repository }
  /** The registry holds images itself, so that all names are relative to its parent. */
  | { readonly kind: 'holds-images'; readonly registry: RegistryName; readonly parent: RegistryName }
  /** Digests that no tag, index or referrer leads to cannot be seen there. */
  | { readonly kind: 'tags-only'; readonly host: string }
  /** A tag that manifests want for several digests, so that nobody can say which. */
  | { readonly kind: 'conflict'; readonly repository: Repository; readonly tag: Tag; readonly claims: string }
  /** No image at or below the registry; `presence` says whether there is such a registry or repository at all. */
  | { readonly kind: 'nothing-there'; readonly registry: RegistryName; readonly presence: Presence }
  /** No manifest names the registry as a destination, or a part of it. */
  | { readonly kind: 'nothing-wanted'; readonly registry: RegistryName }
  /** There are repositories, and no image in them has the tag. */
  | { readonly kind: 'tag-not-there'; readonly registry: RegistryName; readonly tag: Tag };

/** `unknown` where a registry answers the same for what is empty and what does not exist. */
export type Presence = 'present' | 'absent' | 'unknown';

export type Notify = (notice: Notice) => void;
