import { groupBy } from '../../base/maps.ts';
import { quote } from '../../base/text.ts';
import { asRepository, isWithin } from '../../image/repository.ts';
import type { PolicySection, Problem, PromoterManifest, Registry } from '../model.ts';
import { fault } from './policy-fields.ts';

/**
 * Leaves out the manifests whose source has no single policy: the manifests of one source that declare different ones,
 * and those at or below a source whose policy is not known (`unguarded`). Otherwise they would promote what a policy
 * refuses.
 */
export function guardSources(
  manifests: readonly PromoterManifest[],
  unguarded: readonly Registry[],
): { readonly manifests: readonly PromoterManifest[]; readonly problems: readonly Problem[] } {
  if (unguarded.length === 0 && !manifests.some(hasPolicy)) return { manifests, problems: [] };
  const faults = new Map<PromoterManifest, string>(disagreements(manifests));
  for (const manifest of manifests) {
    const above = unguarded.find(({ name }) => isWithin(asRepository(manifest.source.name), name));
    if (above !== undefined)
      faults.set(
        manifest,
        `the policies of ${above.at.file} apply to this source too, and that file has errors: correct it first`,
      );
  }
  return {
    manifests: manifests.filter((manifest) => !faults.has(manifest)),
    problems: Array.from(faults, ([{ source }, message]) => ({
      severity: 'error',
      ...fault(message),
      at: source.at,
      frame: '',
    })),
  };
}

function* disagreements(
  manifests: readonly PromoterManifest[],
): Generator<readonly [PromoterManifest, string]> {
  for (const [name, sharing] of groupBy(manifests, ({ source }) => source.name)) {
    const [first, ...others] = sharing;
    const different = others.find((other) => first && policiesOf(other) !== policiesOf(first));
    if (first === undefined || different === undefined) continue;
    for (const manifest of sharing) {
      const other = policiesOf(manifest) === policiesOf(first) ? different : first;
      const advice = 'manifests of one source need the same policies';
      yield [manifest, `${other.file} declares other policies for the source ${quote(name)}: ${advice}`];
    }
  }
}

/** True for a manifest with a policy, be it off. */
export function hasPolicy({
  signatures,
  provenance,
}: Pick<PromoterManifest, 'signatures' | 'provenance'>): boolean {
  return signatures !== undefined || provenance !== undefined;
}

/** The policies as a text: equal ones have the same, whatever the order of their lists. */
function policiesOf({ signatures, provenance }: PromoterManifest): string {
  return JSON.stringify([textOf(signatures), textOf(provenance)]);
}

/** A missing policy is the same as one that is off. */
function textOf(section: PolicySection<object> | undefined): string {
  if (section === undefined || section.mode === 'off') return 'off';
  return `${section.mode} ${JSON.stringify(section.policy, sortLists)}`;
}

function sortLists(_key: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item) => JSON.stringify(item, sortLists)).toSorted();
}

/** True for a manifest with a policy that is not off. */
export function isGuarding({ signatures, provenance }: PromoterManifest): boolean {
  return [signatures, provenance].some((one) => one !== undefined && one.mode !== 'off');
}
