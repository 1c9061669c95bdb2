import { assertNever } from '../../base/errors.ts';
import type { Finding } from '../../checks/rule.ts';
import { commonEdges, subtractEdges } from '../../edges/changed-edges.ts';
import { expandEdges } from '../../edges/expand-edges.ts';
import type { Wanted } from '../../edges/wanted.ts';
import { manifestPaths, VersionParser } from '../../manifest/version-parser.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import type { ChangeScope } from '../../plan/recorded-plan.ts';
import type { Commit, History } from '../../ports/history.ts';
import { findBroken, findRemovals, type RemovalLevel } from './change-findings.ts';
import { findMixedChange } from './mixed-change.ts';
import { refuseTouchedOrphans } from './touched-orphans.ts';
import { findWeakerPolicies } from './weaker-policies.ts';

/** The earlier state that manifests are compared with. */
export type ManifestDiff = DiffBase & { readonly removals: RemovalLevel };

export type DiffBase =
  /** The newest commit that a revision has in common with the one checked out. */
  | { readonly kind: 'revision'; readonly revision: string }
  /** The first parent of the commit that is checked out. */
  | { readonly kind: 'parent' }
  /** Each state since a date or an age, as git reads them. */
  | { readonly kind: 'period'; readonly age: string };

export interface ChangesRequest {
  readonly where: ManifestLocation;
  readonly diff: ManifestDiff;
  /** The manifests as they are now. */
  readonly read: ReadManifests;
  /** Whether destinations of a manifest may stand in for its source. */
  readonly siblings: boolean;
}

export interface ChangesPorts {
  readonly history: History;
  /** The bytes of a file of the manifests now. */
  readonly readFile: (file: string) => Promise<Uint8Array>;
}

export interface FoundChanges {
  /** The edges that changed. */
  readonly wanted: Wanted;
  /** The edges of the earlier state. */
  readonly before: Wanted;
  /** All edges of the manifests. */
  readonly total: number;
  readonly scope: ChangeScope;
  readonly findings: readonly Finding[];
  /** The manifests. Unused lists of images are errors where the change touches them. */
  readonly read: ReadManifests;
}

/**
 * The edges that the manifests want now and did not want in an earlier state, from the parsed manifests of both. Throws
 * a `HistoryError`, and the signal's reason.
 */
export async function findChanges(
  { where, diff, read, siblings }: ChangesRequest,
  { history, readFile }: ChangesPorts,
  signal: AbortSignal,
): Promise<FoundChanges> {
  const { states, since } = await statesOf(diff, history, signal);
  const [base] = states;
  const parser = new VersionParser(where);
  const head = expandEdges(read.manifests, { siblings });
  const orphans = refuseTouchedOrphans(read.problems);
  let unchanged = head;
  let before: Wanted | undefined;
  const isProposed = diff.kind === 'revision' && where.kind === 'thin';
  const mixed: Finding[] = [];
  const broken: Finding[] = [];
  let weaker: readonly Finding[] | undefined;
  for (const state of states) {
    // one after the other: the states of a long period would fill the memory
    const paths = await history.list(state, signal);
    const files = await history.read(state, [...manifestPaths(where, paths), ...orphans.files], signal);
    await orphans.compare(files, readFile);
    if (isProposed) {
      const now = manifestPaths(
        where,
        read.manifests.map(({ file }) => file),
      );
      mixed.push(...(await findMixedChange({ before: files, now, readFile })));
    }
    const version = parser.parse(files);
    const wanted = expandEdges(version.manifests, { siblings: false });
    before ??= wanted;
    weaker ??= findWeakerPolicies(read.manifests, version.manifests);
    broken.push(...findBroken(version, state));
    unchanged = commonEdges(unchanged, wanted);
  }
  const scope = { base: base ?? null, ...(since === undefined ? {} : { since }) };
  const { problems } = read;
  const removals = before === undefined ? [] : findRemovals({ head, before, problems, level: diff.removals });
  return {
    wanted: subtractEdges(head, unchanged),
    before: before ?? { repositories: [], edges: 0 },
    total: head.edges,
    scope,
    findings: [...broken, ...removals, ...mixed, ...(weaker ?? [])],
    read: { ...read, problems: orphans.problems() },
  };
}

/** The states to compare with, the oldest first. */
async function statesOf(
  diff: ManifestDiff,
  history: History,
  signal: AbortSignal,
): Promise<{ readonly states: readonly Commit[]; readonly since?: string }> {
  switch (diff.kind) {
    case 'revision':
      return { states: [await history.baseOf(diff.revision, signal)] };
    case 'parent':
      return { states: [await history.parent(signal)] };
    case 'period': {
      const { states, from } = await history.since(diff.age, signal);
      return { states, since: from };
    }
    default:
      return assertNever(diff);
  }
}
