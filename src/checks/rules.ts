import type { PromoterManifest } from '../manifest/model.ts';
import { destinationSettings } from './destination-settings.ts';
import type { ProofScope } from './images-to-copy.ts';
import { incompleteSource } from './incomplete-source.ts';
import { withLevels } from './levels.ts';
import { provenanceAnnounced, provenanceRequired } from './provenance-required.ts';
import { destinationSet } from './manifests/destination-set.ts';
import { destinationSpelling } from './manifests/destination-spelling.ts';
import { duplicateTag } from './manifests/duplicate-tag.ts';
import { movingTag } from './manifests/moving-tag.ts';
import { sourceEqualsDestination } from './manifests/source-equals-destination.ts';
import { maxImageSize } from './max-image-size.ts';
import type { RepositoryFactsReader } from '../ports/repository-facts.ts';
import type { ManifestRule, PlanRule } from './rule.ts';
import type { RuleSettings } from './rule-settings.ts';
import { sourceTag } from './source-tag.ts';

/** The rules that need no network, in runs with a plan. */
export function manifestRules({ levels, parameters }: RuleSettings): readonly ManifestRule[] {
  const rules = [
    destinationSet,
    destinationSpelling,
    duplicateTag,
    movingTag(parameters.movingTags),
    sourceEqualsDestination,
  ];
  return withLevels(rules, levels);
}

/** The rules for runs without a plan. */
export function parseOnlyRules(settings: RuleSettings): readonly ManifestRule[] {
  return [...manifestRules(settings), ...withLevels([provenanceAnnounced], settings.levels)];
}

export interface PlanRuleOptions {
  readonly proof: ProofScope;
  /** Maximum bytes of the largest platform. Unset: that of the settings. */
  readonly maxImageSize?: number | undefined;
  /** Settings of destination repositories. Undefined: unknown. */
  readonly facts: RepositoryFactsReader | undefined;
  readonly settings: RuleSettings;
}

/** The rules that check the plan of a run. */
export function planRules(
  manifests: readonly PromoterManifest[],
  { proof, facts, settings: { levels, parameters }, ...options }: PlanRuleOptions,
): readonly PlanRule[] {
  const limit = options.maxImageSize ?? parameters.maxImageSize;
  const settings = facts === undefined ? [] : [destinationSettings(facts)];
  const proofs = proof === 'none' ? [] : [incompleteSource(proof), sourceTag(proof)];
  const sizes = limit === undefined ? [] : [maxImageSize(limit)];
  return withLevels([provenanceRequired(manifests), ...settings, ...proofs, ...sizes], levels);
}
