import { formatPosition, type Position } from '../../base/position.ts';
import { matchesGlob } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { AllowanceUse } from '../../report/audit/audit.ts';

/** An entry of the allow-list: content that may be in production although no manifest names it. */
export interface Allowance {
  /** Globs: `*` is any text. Without a tag and a digest the entry allows the whole repository. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
  readonly reason: string;
  /** `YYYY-MM-DD`: the last day on which it counts. Undefined: it does not expire. */
  readonly expires: string | undefined;
  readonly at: Position;
}

/** A tag with its digest, or a digest without a tag. */
export interface Content {
  readonly repository: Repository;
  readonly tag: Tag | undefined;
  readonly digest: Digest;
}

/** The allow-list of a run. It counts the uses of its entries. */
export class AllowList {
  readonly #entries: readonly { readonly allowance: Allowance; readonly isExpired: boolean; uses: number }[];

  /** `today` is `YYYY-MM-DD`, UTC. */
  constructor(allowances: readonly Allowance[], today: string) {
    this.#entries = allowances.map((allowance) => ({
      allowance,
      isExpired: allowance.expires !== undefined && allowance.expires < today,
      uses: 0,
    }));
  }

  /** Whether an entry allows it. Each matching entry has one use more. */
  allows(content: Content): boolean {
    return this.#use((allowance) => isAllowed(allowance, content));
  }

  /** Whether an entry allows the digest under a tag that manifests want for another one. Only a digest can. */
  allowsInstead({ repository, digest }: Content): boolean {
    return this.#use(
      (allowance) =>
        allowance.digest !== undefined &&
        matchesGlob(allowance.repository, repository) &&
        matchesGlob(allowance.digest, digest),
    );
  }

  uses(): readonly AllowanceUse[] {
    return this.#entries.map(({ allowance, isExpired, uses }) => ({
      at: formatPosition(allowance.at),
      entry: describe(allowance),
      expires: allowance.expires ?? null,
      isExpired,
      uses,
    }));
  }

  #use(matches: (allowance: Allowance) => boolean): boolean {
    let found = false;
    for (const entry of this.#entries) {
      if (entry.isExpired || !matches(entry.allowance)) continue;
      entry.uses += 1;
      found = true;
    }
    return found;
  }
}

function isAllowed(allowance: Allowance, { repository, tag, digest }: Content): boolean {
  if (!matchesGlob(allowance.repository, repository)) return false;
  if (allowance.digest !== undefined) return matchesGlob(allowance.digest, digest);
  return allowance.tag === undefined || (tag !== undefined && matchesGlob(allowance.tag, tag));
}

function describe({ repository, tag, digest }: Allowance): string {
  if (digest !== undefined) return `${repository}@${digest}`;
  return tag === undefined ? repository : `${repository}:${tag}`;
}
