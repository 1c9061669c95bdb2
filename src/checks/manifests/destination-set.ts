import { getOrMake } from '../../base/maps.ts';
import { countOf, listSome, nearest, quote } from '../../base/text.ts';
import { hostOf, isWithin } from '../../image/repository.ts';
import type { PromoterManifest, Registry } from '../../manifest/model.ts';
import type { ManifestFound, ManifestRule } from '../rule.ts';

/** Fewer projects have no usual set. */
const FEWEST = 3;

/**
 * Compares the hosts of each project with the set that most projects have: a region that is forgotten is found by the
 * users of that region. Projects with few of these hosts are different on purpose.
 */
export const destinationSet: ManifestRule = {
  name: 'destination-set',
  level: 'warn',
  *check(manifests) {
    const paths = manifests.flatMap(pathsOf);
    const usual = usualHosts(paths, manifests.length);
    if (usual === undefined) return;
    for (const path of paths) {
      const missing = usual.filter((host) => !path.hosts.has(host));
      const others = Array.from(path.hosts.keys()).filter((host) => !usual.includes(host));
      const isOfThem = missing.length * 2 < usual.length;
      if (isOfThem && missing.length > 0) yield different(path, { missing, others });
    }
  },
};

/** The hosts that a project promotes to under one path, such as `prod/images/app`. */
interface PathHosts {
  readonly project: PromoterManifest;
  readonly path: string;
  readonly hosts: Map<string, Registry>;
}

function pathsOf(project: PromoterManifest): PathHosts[] {
  const paths = new Map<string, Map<string, Registry>>();
  for (const registry of project.destinations) {
    const host = hostOf(registry.name);
    const hosts = getOrMake(paths, registry.name.slice(host.length + 1), () => new Map<string, Registry>());
    hosts.set(host, registry);
  }
  return Array.from(paths, ([path, hosts]) => ({ project, path, hosts }));
}

/** The set of more than half of the projects. */
function usualHosts(paths: readonly PathHosts[], projects: number): readonly string[] | undefined {
  const bySet = new Map<string, Set<PromoterManifest>>();
  for (const { project, hosts } of paths) {
    const set = Array.from(hosts.keys()).toSorted().join(' ');
    getOrMake(bySet, set, () => new Set<PromoterManifest>()).add(project);
  }
  for (const [set, { size }] of bySet) {
    if (size >= FEWEST && size * 2 > projects) return set.split(' ');
  }
  return undefined;
}

function different(
  { path, hosts }: PathHosts,
  { missing, others }: { readonly missing: readonly string[]; readonly others: readonly string[] },
): ManifestFound {
  const [first] = missing;
  const meant = others.find((host) => nearest(host, missing) !== undefined);
  const misspelt = meant === undefined ? undefined : hosts.get(meant);
  const below = (host: string) => quote(path === '' ? host : `${host}/${path}`);
  const advice =
    misspelt === undefined
      ? `add ${below(first ?? '')}`
      : `did you mean ${below(nearest(hostOf(misspelt.name), missing) ?? '')}?`;
  return {
    message: `${path === '' ? 'this project' : quote(path)} lacks ${countOf(missing.length, 'host')} that the other projects promote to: ${listSome(missing)}`,
    advice,
    at: (misspelt ?? hosts.values().next().value)?.at,
    ...(misspelt && { concerns: ({ destination }) => isWithin(destination, misspelt.name) }),
  };
}
