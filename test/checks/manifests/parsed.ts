import { formatPosition } from '../../../src/base/position.ts';
import type { ManifestRule } from '../../../src/checks/rule.ts';
import { checkManifests } from '../../../src/checks/run-checks.ts';
import type { PromoterManifest } from '../../../src/manifest/model.ts';
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
