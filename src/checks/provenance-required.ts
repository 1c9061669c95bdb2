import { isWithin, type Repository } from '../image/repository.ts';
import type { PromoterManifest } from '../manifest/model.ts';
import { type EdgeId, edgeId, isWritable, type Plan } from '../plan/plan.ts';
import type { ManifestRule, PlanRule } from './rule.ts';

const NAME = 'provenance-required';
const NOT_EVALUATED = 'provenance is required, and signatures and provenance are not evaluated yet';
const ADVICE = 'set the mode of provenance to warn or off to promote without the check';

/** Blocks every edge of a project with `mode: require`, because the policy is not evaluated. */
export function provenanceRequired(manifests: readonly PromoterManifest[]): PlanRule {
  return {
    name: NAME,
    level: 'error',
    check: async (plan, { report }) => {
      for (const [manifest, edges] of edgesOf(plan, manifests.filter(isRequired))) {
        const message = `${NOT_EVALUATED}: no image of this project is promoted`;
        report({ message, advice: ADVICE, at: manifest.provenance?.at, edges });
      }
    },
  };
}

/** The same rule for runs without a plan. It warns, because only a plan shows whether there are edges to block. */
export const provenanceAnnounced: ManifestRule = {
  name: NAME,
  level: 'error',
  *check(manifests) {
    for (const { provenance } of manifests.filter(isRequired)) {
      const message = `${NOT_EVALUATED}: images of this project that are not promoted yet will be blocked`;
      yield { level: 'warn', message, advice: ADVICE, at: provenance?.at };
    }
  },
};

function isRequired({ provenance }: PromoterManifest): boolean {
  return provenance?.mode === 'require';
}

/** The edges to write that these projects want, including edges that other projects want too. */
function edgesOf(plan: Plan, manifests: readonly PromoterManifest[]): Map<PromoterManifest, EdgeId[]> {
  const edges = new Map<PromoterManifest, EdgeId[]>(manifests.map((manifest) => [manifest, []]));
  const files = new Map(
    manifests.map((manifest) => [manifest, new Set(manifest.images.map(({ at }) => at.file))]),
  );
  for (const item of manifests.length === 0 ? [] : plan.items.filter(isWritable)) {
    for (const [manifest, own] of files) {
      const asks = item.at.some(({ file }) => own.has(file));
      if (asks && leadsTo(manifest, item.destination)) edges.get(manifest)?.push(edgeId(item));
    }
  }
  return new Map(Array.from(edges).filter(([, own]) => own.length > 0));
}

/** Projects may share a list of images, but have their own destinations. */
function leadsTo({ destinations }: PromoterManifest, repository: Repository): boolean {
  return destinations.some(({ name }) => isWithin(repository, name));
}
