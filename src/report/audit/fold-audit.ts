import { getOrMake } from '../../base/maps.ts';
import { countOf, listSome } from '../../base/text.ts';
import { foldEdges } from '../summary/fold-edges.ts';
import { parseEdgeId, withoutRepository } from '../summary/parse-edge-id.ts';
import type { AuditItem } from './audit.ts';

/** Results of an audit in one line: those of a repository with the same reason, at all of its registries. */
export interface AuditLine {
  /** One of the results. */
  readonly item: AuditItem;
  readonly text: string;
}

/** The results of one repository with the same reason. */
interface Group {
  readonly repository: string;
  readonly item: AuditItem;
  /** Tags, or digests without a tag; empty for a repository as a whole. */
  readonly names: string[];
  /** ISO 8601; the latest. */
  uploaded: string | null;
}

/** The lines of an audit, sorted by image. Expects items without malformed entries and without items of causes. */
export function foldAudit(items: Iterable<AuditItem>): readonly AuditLine[] {
  const folded = foldEdges(
    Array.from(groupItems(items), ({ key, group }) => ({
      key: `${key} ${group.names.join(' ')}`,
      destination: group.repository,
      source: null,
      makeLine: () => group,
    })),
  );
  return folded.flatMap(({ image, registries, lines }) =>
    lines.map((group) => ({ item: group.item, text: describe(group, { image, registries }) })),
  );
}

function groupItems(items: Iterable<AuditItem>): Iterable<{ readonly key: string; readonly group: Group }> {
  const groups = new Map<string, { readonly key: string; readonly group: Group }>();
  for (const item of items) {
    const { destination, decision, reason, digest, uploaded } = item;
    const { repository, tag } = parseEdgeId(destination ?? '');
    const key = `${decision} ${withoutRepository(reason, repository)}`;
    const { group } = getOrMake(groups, `${repository} ${key}`, () => ({
      key,
      group: { repository, item, names: [], uploaded: null },
    }));
    const name = tag ?? (destination === repository ? null : digest);
    if (name !== null) group.names.push(name);
    if (uploaded !== null && (group.uploaded === null || uploaded > group.uploaded))
      group.uploaded = uploaded;
  }
  return groups.values();
}

function describe(
  { item, names, uploaded }: Group,
  { image, registries }: { readonly image: string; readonly registries: readonly string[] },
): string {
  const { reason, at } = item;
  const [only, second, third] = registries;
  const path = second === undefined ? `${only}/${image}` : image;
  const where =
    second === undefined
      ? ''
      : ` → ${third === undefined ? `${only}, ${second}` : countOf(registries.length, 'destination')}`;
  const time = uploaded === null ? '' : ` (${names.length > 1 ? 'last ' : ''}uploaded ${uploaded})`;
  const place = at === '' ? '' : ` (${at})`;
  return `${subjectOf(path, item, names)}${where}: ${reason}${time}${place}`;
}

function subjectOf(path: string, { destination, digest }: AuditItem, names: readonly string[]): string {
  const [name, another] = names;
  if (name === undefined) return path;
  const isDigest = destination?.includes('@') === true;
  if (another !== undefined)
    return `${path}: ${countOf(names.length, isDigest ? 'digest' : 'tag')} ${listSome(names)}`;
  return isDigest ? `${path}@${name}` : `${path}:${name} ${digest}`;
}
