import { listSome, quote } from '../../base/text.ts';
import { groupBy } from '../../base/maps.ts';
import type { Position } from '../../base/position.ts';
import type { Finding } from '../../checks/rule.ts';
import { removedEdges } from '../../edges/changed-edges.ts';
import type { Wanted, WantList } from '../../edges/wanted.ts';
import type { ParsedVersion } from '../../manifest/version-parser.ts';
import type { Problem } from '../../manifest/model.ts';
import type { Commit } from '../../ports/history.ts';

/** The level of a finding about entries that were removed. */
export type RemovalLevel = Finding['level'];

/** The projects that could not be used at a commit: each of their entries counts as new. */
export function findBroken({ broken }: ParsedVersion, commit: Commit): readonly Finding[] {
  return broken.map(({ file, reason }) => ({
    rule: 'broken-base',
    level: 'warn',
    message: `${quote(file)} could not be used at commit ${commit?.slice(0, 12)}: all entries of its project count as new: ${reason}`,
    at: { file, line: 1, column: 1 },
    edges: [],
  }));
}

export interface RemovalParts {
  readonly head: Wanted;
  /** The earlier state. */
  readonly before: Wanted;
  /** The problems of the manifests now: an entry that became unusable was not removed. */
  readonly problems: readonly Problem[];
  readonly level: RemovalLevel;
}

/** A finding for each image with entries that were removed, its destinations together. */
export function findRemovals({ head, before, problems, level }: RemovalParts): readonly Finding[] {
  const unusable = new Set(
    problems.filter(({ severity }) => severity === 'error').map(({ at }) => projectOf(at.file)),
  );
  const byList = groupBy(removedEdges(head, before).repositories, ({ list }) => list);
  return Array.from(byList, ([list, repositories]): Finding | undefined => {
    const entries = entriesOf(list).filter(({ at }) => !unusable.has(projectOf(at.file)));
    const [first] = entries;
    if (first === undefined) return undefined;
    const names = listSome(entries.map(({ name }) => name));
    const places = listSome(repositories.map(({ repository }) => repository));
    return {
      rule: 'removed-entries',
      level,
      message: `removed: ${names} of ${places}`,
      advice: level === 'error' ? REFUSED : KEPT,
      at: first.at,
      edges: [],
    };
  }).filter((finding) => finding !== undefined);
}

const KEPT = 'nothing is deleted from a registry: what was promoted stays there';
const REFUSED = `put the entries back, or allow it with -allow-removal; ${KEPT}`;

function entriesOf({
  wants,
  conflicts,
}: WantList): readonly { readonly name: string; readonly at: Position }[] {
  const tags = wants.flatMap(({ digest, tags }) =>
    tags.flatMap(({ tag, at: [at] }) => (at === undefined ? [] : [{ name: `${tag} (${digest})`, at }])),
  );
  const tagless = wants.flatMap(({ digest, tagless }) =>
    tagless === undefined ? [] : [{ name: digest, at: tagless }],
  );
  const claims = conflicts.flatMap(({ tag, claims }) =>
    claims.flatMap(({ digest, at: [at] }) => (at === undefined ? [] : [{ name: `${tag} (${digest})`, at }])),
  );
  return [...tags, ...tagless, ...claims];
}

/** The directory of a project in `manifests` and in `images`; a plain manifest is its own. */
function projectOf(file: string): string {
  return /^(?:manifests|images)\/([^/]+)\//.exec(file)?.[1] ?? file;
}
