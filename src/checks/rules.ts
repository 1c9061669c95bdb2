import type { PromoterManifest } from '../manifest/model.ts';
import { destinationSpelling } from './destination-spelling.ts';
import { destinationSettings } from './destination-settings.ts';
import type { ProofScope } from './images-to-copy.ts';
import { incompleteSource } from './incomplete-source.ts';
import { provenanceAnnounced, provenanceRequired } from './provenance-required.ts';
import { maxImageSize } from './max-image-size.ts';
import type { RepositoryFactsReader } from '../ports/repository-facts.ts';
import type { ManifestRule, PlanRule } from './rule.ts';
import { sourceTag } from './source-tag.ts';

export const MANIFEST_RULES: readonly ManifestRule[] = [destinationSpelling];

/** The rules for runs without a plan. */
export const PARSE_ONLY_RULES: readonly ManifestRule[] = [...MANIFEST_RULES, provenanceAnnounced];

export interface PlanRuleOptions {
  readonly proof: ProofScope;
  /** Maximum bytes of the largest platform. Unset: no limit. */
  readonly maxImageSize?: number | undefined;
  /** Settings of destination repositories. Undefined: unknown. */
  readonly facts: RepositoryFactsReader | undefined;
}

/** The rules that check the plan of a run. */
export function planRules(
  manifests: readonly PromoterManifest[],
  options: PlanRuleOptions,
): readonly PlanRule[] {
  const { proof, maxImageSize: limit, facts } = options;
  const settings = facts === undefined ? [] : [destinationSettings(facts)];
  const proofs = proof === 'none' ? [] : [incompleteSource(proof), sourceTag(proof)];
  const sizes = limit === undefined ? [] : [maxImageSize(limit)];
  return [provenanceRequired(manifests), ...settings, ...proofs, ...sizes];
}
