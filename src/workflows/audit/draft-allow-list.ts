import type { Audit, AuditItem } from '../../report/audit/audit.ts';
import { parseEdgeId } from '../../report/summary/parse-edge-id.ts';

/**
 * Entries, as text, that allow what an audit has found and an allow-list can allow: unknown content, and the digests of
 * tags that should have another one. Its author gives each a reason and an expiry.
 */
export function draftAllowList({ items }: Pick<Audit, 'items'>): string {
  const entries = new Set(items.flatMap((item) => entryOf(item) ?? []));
  return Array.from(entries).toSorted().join('');
}

function entryOf(item: AuditItem): string | undefined {
  const { decision, destination, digest, found } = item;
  const { repository, tag } = parseEdgeId(destination ?? '');
  if (decision === 'unknown-repository') return renderEntry({ repository });
  if (decision === 'unknown-tag') return renderEntry({ repository, tag });
  if (decision === 'unknown-digest') return renderEntry({ repository, digest });
  return decision === 'different' ? renderEntry({ repository, digest: found }) : undefined;
}

/** JSON texts are YAML texts. */
function renderEntry(fields: Readonly<Record<string, string | null>>): string {
  const lines = Object.entries({ ...fields, reason: 'TODO' }).map(
    ([name, value]) => `${name}: ${JSON.stringify(value)}\n`,
  );
  return `- ${lines.join('  ')}`;
}
