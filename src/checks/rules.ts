import type { PromoterManifest } from '../manifest/model.ts';
import { destinationSpelling } from './destination-spelling.ts';
import { destinationSettings } from './destination-settings.ts';
import type { ProofScope } from './images-to-copy.ts';
import { incompleteSource } from './incomplete-source.ts';
import { provenanceAnnounced, provenanceRequired } from './provenance-required.ts';
import type { RepositoryFactsReader } from '../ports/repository-facts.ts';
import type { ManifestRule, PlanRule } from './rule.ts';
import { sourceTag } from './source-tag.ts';

export const MANIFEST_RULES: readonly ManifestRule[] = [destinationSpelling];

/** Where no plan is made. */
export const PARSE_ONLY_RULES: readonly ManifestRule[] = [...MANIFEST_RULES, provenanceAnnounced];

/** The rules of one run: they keep what they have read, so that its next plan costs less. */
export function planRules(
  manifests: readonly PromoterManifest[],
  { proof, facts }: { readonly proof: ProofScope; readonly facts: RepositoryFactsReader | undefined },
): readonly PlanRule[] {
  const proofs = proof === 'none' ? [] : [incompleteSource(proof), sourceTag(proof)];
  const settings = facts === undefined ? [] : [destinationSettings(facts)];
  return [provenanceRequired(manifests), ...settings, ...proofs];
}
