import type { PromoterManifest } from '../manifest/model.ts';
import { destinationSpelling } from './destination-spelling.ts';
import type { ProofScope } from './images-to-copy.ts';
import { incompleteSource } from './incomplete-source.ts';
import { provenanceAnnounced, provenanceRequired } from './provenance-required.ts';
import { maxImageSize } from './max-image-size.ts';
import type { ManifestRule, PlanRule } from './rule.ts';
import { sourceTag } from './source-tag.ts';

export const MANIFEST_RULES: readonly ManifestRule[] = [destinationSpelling];

/** Where no plan is made. */
export const PARSE_ONLY_RULES: readonly ManifestRule[] = [...MANIFEST_RULES, provenanceAnnounced];

/** The rules about the plan of a run. */
export function planRules(
  manifests: readonly PromoterManifest[],
  { proof, maxImageSize: limit }: { readonly proof: ProofScope; readonly maxImageSize?: number | undefined },
): readonly PlanRule[] {
  const proofs = proof === 'none' ? [] : [incompleteSource(proof), sourceTag(proof)];
  const sizes = limit === undefined ? [] : [maxImageSize(limit)];
  return [provenanceRequired(manifests), ...proofs, ...sizes];
}
