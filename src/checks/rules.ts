import type { PromoterManifest } from '../manifest/model.ts';
import type { RepositoryFactsReader } from '../ports/repository-facts.ts';
import { destinationSettings } from './destination-settings.ts';
import { destinationImmutable } from './images/destination-immutable.ts';
import { minAge, type MinAgeOptions } from './images/min-age.ts';
import { notInSource } from './images/not-in-source.ts';
import { retention } from './images/retention.ts';
import { singlePlatform } from './images/single-platform.ts';
import { unsupportedArtifact } from './images/unsupported-artifact.ts';
import type { ProofScope } from './images-to-copy.ts';
import { incompleteSource } from './incomplete-source.ts';
import { withLevels } from './levels.ts';
import { destinationSet } from './manifests/destination-set.ts';
import { destinationSpelling } from './manifests/destination-spelling.ts';
import { duplicateTag } from './manifests/duplicate-tag.ts';
import { movingTag } from './manifests/moving-tag.ts';
import { sourceEqualsDestination } from './manifests/source-equals-destination.ts';
import { maxImageSize } from './max-image-size.ts';
import type { ManifestRule, PlanRule } from './rule.ts';
import type { CheckName, RuleSettings } from './rule-settings.ts';
import { sourceTag } from './source-tag.ts';

/** The rules that need no network. */
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

export interface PlanRuleOptions extends Pick<MinAgeOptions, 'now' | 'settled'> {
  readonly proof: ProofScope;
  /** True for a run that is limited to the changes of the manifests. */
  readonly isLimited: boolean;
  /** Maximum bytes of the largest platform. Unset: that of the settings. */
  readonly maxImageSize?: number | undefined;
  /** Settings of repositories. Undefined: unknown. */
  readonly facts: RepositoryFactsReader | undefined;
  /** The rules about signatures and attestations, where a policy or a flag wants them. */
  readonly verification?: readonly PlanRule[] | undefined;
  readonly settings: RuleSettings;
}

/**
 * The rules that check the plan of a run. A dry run of changes reads the manifests of its images anyway, for a reviewer:
 * there, rules about images warn by default.
 */
export function planRules(
  manifests: readonly PromoterManifest[],
  { proof, isLimited, facts, now, settled, settings, verification = [], ...options }: PlanRuleOptions,
): readonly PlanRule[] {
  const { levels, parameters } = settings;
  const { retention: within, retentionKeep: keep, singlePlatformAllow: allow, minAge: age } = parameters;
  const limit = options.maxImageSize ?? parameters.maxImageSize;
  const level = isLimited && proof !== 'none' ? 'warn' : 'off';
  const scopeOf = (name: CheckName) => (levels.has(name) ? 'all' : proof); // a level that was chosen holds for every image
  const rules = [
    ...verification,
    ...(facts === undefined ? [] : [destinationSettings(facts), destinationImmutable(facts)]),
    ...(proof === 'none' ? [] : [incompleteSource(proof), sourceTag(proof)]),
    singlePlatform(scopeOf('single-platform'), { level, allow }),
    unsupportedArtifact(scopeOf('unsupported-artifact'), { level }),
    notInSource(manifests, { level }),
    minAge({ age, now, settled }),
    retention({ within, keep, now, facts }),
    ...(limit === undefined ? [] : [maxImageSize(limit)]),
  ];
  return withLevels(rules, levels);
}
