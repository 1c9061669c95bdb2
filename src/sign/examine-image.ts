import { isAbort } from '../base/errors.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Claim, ClaimGroup } from './claim.ts';

/** The missing signatures and attestations of one image. */
export interface ImageState {
  readonly digest: Digest;
  /** In the order of the image's places. */
  readonly places: readonly PlaceState[];
}

export interface PlaceState {
  readonly repository: Repository;
  readonly gaps: readonly Gap[];
  /** Why the destination could not be examined; nothing is stored there. */
  readonly failure?: unknown;
}

/** What one group of claims lacks at a destination. */
export interface Gap {
  /** Stored first. */
  readonly children: readonly Claim[];
  readonly root: Claim;
}

export interface ExamineOptions {
  /** Whether children are examined where the image itself lacks nothing. */
  readonly thorough: boolean;
  readonly signal: AbortSignal;
}

/** Examines an image at each of its destinations. A failure of one is the state of that one; an abort is thrown. */
export async function examineImage(
  image: { readonly digest: Digest; readonly places: readonly { readonly repository: Repository }[] },
  groups: readonly ClaimGroup[],
  { thorough, signal }: ExamineOptions,
): Promise<ImageState> {
  const examinePlace = async ({ repository }: { readonly repository: Repository }): Promise<PlaceState> => {
    const own = groups.filter(({ places }) => places.includes(repository));
    try {
      const gaps = await Promise.all(own.map((group) => findGap(group, { repository, thorough, signal })));
      return { repository, gaps: gaps.filter((gap) => gap !== undefined) };
    } catch (error) {
      if (signal.aborted || isAbort(error, signal)) throw error;
      return { repository, gaps: [], failure: error };
    }
  };
  return { digest: image.digest, places: await Promise.all(image.places.map(examinePlace)) };
}

async function findGap(
  { root, children }: ClaimGroup,
  { repository, thorough, signal }: ExamineOptions & { readonly repository: Repository },
): Promise<Gap | undefined> {
  const isPresent = await root.examine(repository, signal);
  if (isPresent && !thorough) return undefined;
  const examined = await Promise.all(
    (await children()).map(async (child) => ((await child.examine(repository, signal)) ? [] : [child])),
  );
  const missing = examined.flat();
  return isPresent && missing.length === 0 ? undefined : { children: missing, root };
}
