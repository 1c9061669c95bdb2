import { quote } from '../../base/text.ts';
import type { Finding } from '../../checks/rule.ts';
import { asRepository, isWithin } from '../../image/repository.ts';
import type { PolicySection, PromoterManifest } from '../../manifest/model.ts';
import { POLICY_MODES, type ProvenancePolicy, requiredLevel } from '../../signature/policy/policy.ts';

/**
 * A finding for each project whose policies accept more than they did. The edges of such a change are the same, so
 * nothing else of a dry run shows it.
 */
export function findWeakerPolicies(
  now: readonly PromoterManifest[],
  before: readonly PromoterManifest[],
): readonly Finding[] {
  const byFile = new Map(now.map((manifest) => [manifest.file, manifest]));
  const bySource = new Map(now.map((manifest) => [manifest.source.name, manifest]));
  return before.flatMap((old): readonly Finding[] => {
    const { source, file } = old;
    const current = byFile.get(file) ?? bySource.get(source.name);
    // the policies of a project that is gone may have held for others below its source
    if (current === undefined && !now.some((one) => isWithin(asRepository(one.source.name), source.name)))
      return [];
    const weakened = (['signatures', 'provenance'] as const).flatMap((name) => {
      const changes = weakerIn(current?.[name], old[name]);
      return changes.length === 0 ? [] : { name, changes };
    });
    const [first] = weakened;
    if (first === undefined) return [];
    const what = weakened.map(({ name, changes }) => `${name}: ${changes.join(', ')}`).join('; ');
    return [
      {
        rule: 'weaker-policy',
        level: 'warn',
        message: `the policies of ${source.name} accept more than before: ${what}`,
        advice: 'have the owners of the policy approve it, or take it back',
        at: current?.[first.name]?.at ?? current?.source.at ?? source.at,
        edges: [],
      },
    ];
  });
}

/** Signatures have the part of provenance about signers. */
type Policy = Pick<ProvenancePolicy, 'signers'> & Partial<ProvenancePolicy>;
type Section = PolicySection<Policy> | undefined;

/** An image needs one of the signers, builders and sources, and all of the attestations. */
function weakerIn(now: Section, before: Section): readonly string[] {
  if (before === undefined || before.mode === 'off') return [];
  if (now === undefined) return [`${before.mode} is removed`];
  const isLower = POLICY_MODES.indexOf(now.mode) < POLICY_MODES.indexOf(before.mode);
  const mode = isLower ? [`${before.mode} is now ${now.mode}`] : [];
  if (now.mode === 'off') return mode;
  const [current, old] = [completed(now.policy), completed(before.policy)];
  const builders = { now: current.builders.map(textOf), before: old.builders.map(textOf) };
  const bounded = current.level === undefined && current.levels.length === 0 ? [] : builders.before;
  return [
    ...mode,
    ...added(
      current.signers.map(({ text }) => text),
      old.signers.map(({ text }) => text),
    ).map((one) => `new signer ${quote(one)}`),
    ...added(builders.now, builders.before).map((one) => `new builder ${one}`),
    // a signer proves the lowest level of the builders that it may claim
    ...added(bounded, builders.now).map((one) => `without builder ${one}`),
    ...added(current.sources, old.sources).map((one) => `new source ${quote(one)}`),
    ...added(old.predicateTypes, current.predicateTypes).map((one) => `without ${quote(one)}`),
    ...lowerLevels(current, old),
  ];
}

function completed(policy: Policy): ProvenancePolicy {
  return { builders: [], sources: [], predicateTypes: [], level: undefined, levels: [], ...policy };
}

function textOf({ id, level, signers }: ProvenancePolicy['builders'][number]): string {
  const own = signers.map(({ text }) => text).toSorted();
  return `${quote(id)} (level ${level}${own.length === 0 ? '' : `, ${own.join(', ')}`})`;
}

function added(now: readonly string[], before: readonly string[]): readonly string[] {
  return now.filter((one) => !before.includes(one));
}

/** The level of the policy, and those of single images that it or the earlier one names. */
function lowerLevels(now: ProvenancePolicy, before: ProvenancePolicy): readonly string[] {
  const own = new Set([...now.levels, ...before.levels].flatMap(({ images }) => images));
  return ['', ...own].flatMap((image) => {
    const [level, old] = [requiredLevel(now, image), requiredLevel(before, image)];
    return level < old ? [`level ${old} is now ${level}${image === '' ? '' : ` for ${image}`}`] : [];
  });
}
