import { listSome, quote } from '../../base/text.ts';
import { isObject, parseJsonObject } from '../../base/json.ts';
import { isIndexType, isManifestType, isSchema1Type, OCI_ARTIFACT } from '../../image/media-types.ts';
import type { RawManifest } from '../../image/oci-manifest.ts';
import type { ProofScope } from '../images-to-copy.ts';
import type { PlanRule } from '../rule.ts';
import { concernsOf, judgeManifests } from './root-manifests.ts';

/** Finds manifests of types that registries no longer accept, or never did. */
export function unsupportedArtifact(scope: ProofScope, { level }: Pick<PlanRule, 'level'>): PlanRule {
  return {
    name: 'unsupported-artifact',
    level,
    readsManifests: scope === 'all',
    check: async (plan, context, signal) => {
      await judgeManifests(plan, { context, scope }, signal, ({ image, name, manifest }) => {
        const fault = faultOf(manifest);
        if (fault === undefined) return undefined;
        return {
          message: `${name} ${fault}, which many registries refuse`,
          advice: 'build the image again with a current tool, or try the destination with cip copy first',
          ...concernsOf(image),
        };
      });
    },
  };
}

function faultOf({ mediaType, bytes }: RawManifest): string | undefined {
  if (isSchema1Type(mediaType)) return 'is a manifest of Docker schema 1';
  if (mediaType === OCI_ARTIFACT) return 'is an artifact manifest, a type that OCI 1.1 has withdrawn';
  if (!isIndexType(mediaType)) return undefined;
  const entries = parseJsonObject(bytes)?.['manifests'];
  const types = (Array.isArray(entries) ? entries : []).map((entry: unknown) =>
    isObject(entry) && typeof entry['mediaType'] === 'string' ? entry['mediaType'] : '',
  );
  const odd = new Set(types.filter((type) => !isManifestType(type)));
  if (odd.size === 0) return undefined;
  return `is an index that lists ${listSome(Array.from(odd, quote))}`;
}
