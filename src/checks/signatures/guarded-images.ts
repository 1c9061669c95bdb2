import { getOrMake, groupBy } from '../../base/maps.ts';
import type { Position } from '../../base/position.ts';
import type { Digest } from '../../image/digest.ts';
import { isWithin, type Repository, repositoryOf } from '../../image/repository.ts';
import type { PolicySection, PromoterManifest } from '../../manifest/model.ts';
import { isGuarding } from '../../manifest/policy/guard-sources.ts';
import { type EdgeId, edgeId, isWritable, type Plan, type WritableItem } from '../../plan/plan.ts';
import type { ProvenancePolicy, SignaturePolicy } from '../../signature/policy/policy.ts';

/** A policy that holds for an image. */
export interface Guard<Policy> {
  readonly mode: 'warn' | 'require';
  readonly policy: Policy;
  /** The section of the manifest that has it. */
  readonly at: Position;
  /** Name of the image below the source of that manifest. */
  readonly image: string;
}

/** A digest of a source repository that edges to write want. */
export interface GuardedImage {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly signatures: readonly Guard<SignaturePolicy>[];
  readonly provenance: readonly Guard<ProvenancePolicy>[];
  readonly edges: ReadonlySet<EdgeId>;
  /** The entry that wants it. */
  readonly at: Position | undefined;
}

/** The policies that hold for the images of a repository. */
export type Guards = Pick<GuardedImage, 'signatures' | 'provenance'>;

/**
 * The images that the plan writes, each digest of a source once, with the policies of all manifests whose source contains
 * that repository, whichever manifest promotes it. Images without a policy are left out, unless `all` are wanted.
 */
export function guardedImages(
  plan: Plan,
  manifests: readonly PromoterManifest[],
  { all }: { readonly all: boolean },
): readonly GuardedImage[] {
  const guards = new PolicyGuards(manifests);
  const written = groupBy(plan.items.filter(isWritable), ({ destination }) => destination);
  if (written.size === 0 || (!all && guards.isEmpty)) return [];
  const images = new Map<string, GuardedImage & { readonly edges: Set<EdgeId> }>();
  for (const { source, destinations, images: entries } of manifests) {
    for (const { name, digests } of entries) {
      const repository = repositoryOf(source.name, name);
      const own = guards.of(repository);
      if (!all && own.signatures.length === 0 && own.provenance.length === 0) continue;
      const wanted = new Set(digests.map(({ digest }) => digest));
      const items = destinations.flatMap((one) => written.get(repositoryOf(one.name, name)) ?? []);
      for (const item of items.filter(({ digest }) => wanted.has(digest))) {
        const { digest, at } = item;
        const make = () => ({ repository, digest, ...own, edges: new Set<EdgeId>(), at: at[0] });
        getOrMake(images, `${repository} ${digest}`, make).edges.add(edgeId(item satisfies WritableItem));
      }
    }
  }
  return Array.from(images.values());
}

/** The enabled policies by source. Manifests of one source declare the same ones. */
export class PolicyGuards {
  readonly #manifests: readonly PromoterManifest[];
  readonly #known = new Map<Repository, Guards>();

  constructor(manifests: readonly PromoterManifest[]) {
    const bySource = new Map(manifests.filter(isGuarding).map((one) => [one.source.name, one]));
    this.#manifests = Array.from(bySource.values());
  }

  get isEmpty(): boolean {
    return this.#manifests.length === 0;
  }

  of(repository: Repository): Guards {
    return getOrMake(this.#known, repository, () => {
      const above = this.#manifests.filter(({ source }) => isWithin(repository, source.name));
      const guardsOf = <Policy>(section: (one: PromoterManifest) => PolicySection<Policy> | undefined) =>
        above.flatMap((one): Guard<Policy>[] => {
          const policy = section(one);
          if (policy === undefined || policy.mode === 'off') return [];
          return [{ ...policy, image: repository.slice(one.source.name.length + 1) }];
        });
      return {
        signatures: guardsOf(({ signatures }) => signatures),
        provenance: guardsOf(({ provenance }) => provenance),
      };
    });
  }
}
