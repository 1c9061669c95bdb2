import { groupBy } from '../../base/maps.ts';
import { listSome, quote } from '../../base/text.ts';
import { isWithin, parentOf, type RegistryName } from '../../image/repository.ts';
import type { PromoterManifest } from '../../manifest/model.ts';
import type { ManifestRule } from '../rule.ts';

/**
 * Finds destinations that are the source of another project, or below it: that project can promote the images only in
 * the next run, and they are lost until then.
 */
export const sourceEqualsDestination: ManifestRule = {
  name: 'source-equals-destination',
  level: 'warn',
  *check(manifests) {
    const bySource = groupBy(manifests, ({ source }) => source.name);
    for (const manifest of manifests) {
      for (const { name, at } of manifest.destinations) {
        const others = readersOf(name, bySource).filter((other) => other !== manifest);
        const [first] = others;
        if (first === undefined) continue;
        const files = listSome(others.map(({ file }) => file));
        const relation = first.source.name === name ? 'is' : `is below ${quote(first.source.name)},`;
        yield {
          message: `destination ${quote(name)} ${relation} the source of ${files}`,
          advice:
            'promote from the first source to both destinations, or accept that the second step takes another run',
          at,
          concerns: ({ destination }) => isWithin(destination, name),
        };
      }
    }
  },
};

/** The manifests whose source is a registry or holds it. */
function readersOf(
  registry: RegistryName,
  bySource: ReadonlyMap<RegistryName, readonly PromoterManifest[]>,
): readonly PromoterManifest[] {
  const above: PromoterManifest[] = [];
  for (let name: RegistryName | undefined = registry; name !== undefined; name = parentOf(name)) {
    above.push(...(bySource.get(name) ?? []));
  }
  return above;
}
