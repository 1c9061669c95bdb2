import { formatPosition, type Position } from '../base/position.ts';
import type { Digest } from '../image/digest.ts';

/** Of the entries of one conflict so many are named, and so many places of each: manifests may hold any number. */
const MAX_CLAIMS = 10;
const MAX_PLACES = 3;

/** An entry that wants a tag. */
interface ClaimedDigest {
  readonly digest: Digest;
  readonly at: readonly Position[];
}

/**
 * For each of some claims, the first of the others with their first places, and how many more there are. Most share one
 * array, so that all of it takes no more memory than the claims.
 */
export function nameOthers<Claim extends ClaimedDigest>(
  claims: readonly Claim[],
): readonly {
  readonly claim: Claim;
  readonly others: readonly ClaimedDigest[];
  readonly moreOthers: number;
}[] {
  const first = claims
    .slice(0, MAX_CLAIMS + 1)
    .map(({ digest, at }) => ({ digest, at: at.slice(0, MAX_PLACES + 1) }));
  const shared = first.slice(0, MAX_CLAIMS);
  return claims.map((claim, index) => {
    const others = index < MAX_CLAIMS ? first.filter(({ digest }) => digest !== claim.digest) : shared;
    return { claim, others, moreOthers: claims.length - 1 - others.length };
  });
}

/** Claims in words, `between` standing between two of them. */
export function describeClaims(
  claims: readonly ClaimedDigest[],
  { between, more = 0 }: { readonly between: string; readonly more?: number },
): string {
  const named = claims.slice(0, MAX_CLAIMS).map(describeClaim);
  const unnamed = more + claims.length - named.length;
  return [...named, ...(unnamed === 0 ? [] : [`${unnamed} more digests`])].join(between);
}

function describeClaim({ digest, at }: ClaimedDigest): string {
  const places = at.slice(0, MAX_PLACES).map(formatPosition);
  const more = at.length > MAX_PLACES ? ['more places'] : [];
  return `${digest} at ${[...places, ...more].join(' and ')}`;
}
