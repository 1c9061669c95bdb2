import { formatPosition } from '../../../src/base/position.ts';
import type { ManifestRule } from '../../../src/checks/rule.ts';
import { checkManifests } from '../../../src/checks/run-checks.ts';
import type { PromoterManifest } from '../../../src/manifest/model.ts';
import { expandEdges } from '../../../src/edges/expand-edges.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import { inventory } from '../../builders/inventories.ts';
import { digest } from '../../builders/manifests.ts';
import { readManifests } from '../../../src/manifest/read-manifests.ts';
import { testdir } from '../../builders/testdir.ts';
import { type PlainManifest, thinFiles } from '../../system/staging.ts';

/** The manifests of these projects, written to files and read from there. */
export async function parsed(
  projects: Readonly<Record<string, PlainManifest>>,
): Promise<readonly PromoterManifest[]> {
  const directory = await testdir(thinFiles(projects));
  const read = await readManifests({ kind: 'thin', directory }, new AbortController().signal);
  if (read.problems.some(({ severity }) => severity === 'error')) throw new Error('a test has bad manifests');
  return read.manifests;
}

/** The findings of a rule, as `file:line:column message: advice`. */
export function findingsOf(rule: ManifestRule, manifests: readonly PromoterManifest[]): string[] {
  return checkManifests([rule], manifests).map(
    ({ at, message, advice }) => `${at === undefined ? '' : formatPosition(at)} ${message}: ${advice}`,
  );
}

/** The edges that a rule blocks where it is an error, if no destination has an image of these manifests of digest `a`. */
export function blockedBy(rule: ManifestRule, manifests: readonly PromoterManifest[]): readonly string[] {
  const pairs = manifests.flatMap(({ source, destinations, images }) =>
    images.flatMap(({ name: image }) =>
      destinations.map(({ name }) => ({ source: source.name, name, image })),
    ),
  );
  const there = Object.fromEntries(pairs.map(({ name, image }) => [`${name}/${image}`, { digests: [] }]));
  const sources = Object.fromEntries(
    pairs.map(({ source, image }) => [`${source}/${image}`, [digest('a')]] as const),
  );
  const plan = makePlan(expandEdges(manifests), inventory(there, sources));
  const findings = checkManifests([{ ...rule, level: 'error' }], manifests, plan);
  return findings.flatMap(({ edges }) => edges);
}
