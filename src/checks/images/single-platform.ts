import { isObject, parseJsonObject } from '../../base/json.ts';
import { matchesGlob } from '../../base/text.ts';
import { DOCKER_CONFIG, isIndexType, OCI_CONFIG } from '../../image/media-types.ts';
import type { RawManifest } from '../../image/oci-manifest.ts';
import { formatPlatform } from '../../image/platform.ts';
import { pathOf, type Repository } from '../../image/repository.ts';
import type { CopyItem } from '../../plan/plan.ts';
import type { ProofScope } from '../images-to-copy.ts';
import type { PlanRule } from '../rule.ts';
import { concernsOf, judgeManifests } from './root-manifests.ts';

/** Images of one platform by their name or tag. */
const ONE_PLATFORM =
  /(?:^|[-_./])(?:amd64|x86_64|arm64|aarch64|arm|ppc64le|s390x|386|riscv64|loong64|mips64le)(?:[-_.]?v\d)?$|(?:^|[-_./])windows(?:[-_.]|$)/;

/**
 * Finds images of one platform: a promoted version is never replaced, so the other platforms never get it. Helm charts
 * and other artifacts have no platform.
 */
export function singlePlatform(
  scope: ProofScope,
  options: Pick<PlanRule, 'level'> & { readonly allow?: readonly string[] | undefined },
): PlanRule {
  const allow = options.allow ?? [];
  return {
    name: 'single-platform',
    level: options.level,
    readsManifests: scope === 'all',
    check: async (plan, context, signal) => {
      await judgeManifests(plan, { context, scope }, signal, ({ image, name, manifest }) => {
        const { sources } = image;
        if (sources.some((one) => isExempt(one, allow))) return undefined;
        const edges = image.edges.filter(({ tag }: CopyItem) => tag === undefined || !ONE_PLATFORM.test(tag));
        const platform = edges.length === 0 ? undefined : onePlatformOf(manifest);
        if (platform === undefined) return undefined;
        return {
          message: `${name} is for one platform${platform}`,
          advice:
            'promote an index of all platforms, or list the image in allow of single-platform in .cip.yaml',
          ...concernsOf({ edges }),
        };
      });
    },
  };
}

function isExempt(source: Repository, allow: readonly string[]): boolean {
  const components = pathOf(source).split('/');
  return (
    components.includes('charts') ||
    ONE_PLATFORM.test(source) ||
    allow.some((glob) => matchesGlob(glob, source))
  );
}

/** ` (linux/amd64)` for an index of one platform, an empty text for an image; undefined for several, or for an artifact. */
function onePlatformOf({ mediaType, bytes }: RawManifest): string | undefined {
  const document = parseJsonObject(bytes) ?? {};
  if (!isIndexType(mediaType)) {
    const config = isObject(document['config']) ? document['config']['mediaType'] : undefined;
    return config === OCI_CONFIG || config === DOCKER_CONFIG ? '' : undefined;
  }
  const entries: readonly unknown[] = Array.isArray(document['manifests']) ? document['manifests'] : [];
  const platforms = entries.map((entry) =>
    isObject(entry) && isObject(entry['platform']) ? formatPlatform(entry['platform']) : undefined,
  );
  if (platforms.includes(undefined)) return undefined; // of a nested index or an artifact
  const known = new Set(platforms.filter((one) => one !== 'unknown/unknown')); // attestations
  const [only] = known;
  return known.size === 1 && only !== undefined ? ` (${only})` : undefined;
}
