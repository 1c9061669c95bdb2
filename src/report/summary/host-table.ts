import type { EnvelopeHost } from '../envelope.ts';
import { hostTable } from '../render-text.ts';
import type { Table } from '../render-table.ts';
import type { Report } from '../report.ts';
import { withoutZeros } from './nonzero-table.ts';

type Row = Table['rows'][number];

/** Minimum number of hosts in a folded row. */
const FOLDED_FROM = 4;
/** Columns that a folded row adds up. Hosts are folded if all of their other columns are equal. */
const SUMS: ReadonlySet<string> = new Set(['listed', 'by HEAD', 'requests', 'bytes in', 'bytes out']);

/** Edges, traffic and identities of the hosts, without zeros. */
export function summarizeHosts(report: Report, { folded }: { readonly folded: boolean }): Table {
  const { header, rows } = withIdentities(report);
  return withoutZeros({ header, rows: folded ? foldRows(header, rows) : rows });
}

/** Adds a column of identities, unless all are `anonymous`. */
function withIdentities(report: Report): Table {
  const { header, rows } = hostTable(report);
  const hosts: Readonly<Record<string, EnvelopeHost>> = report.hosts;
  const isNamed = ({ identities }: EnvelopeHost) => identities.some((name) => name !== 'anonymous');
  if (!Object.values(hosts).some(isNamed)) return { header, rows };
  const identityOf = (name: string) => hosts[name]?.identities.join(', ') ?? '';
  return { header: [...header, 'identity'], rows: rows.map((row) => [...row, identityOf(String(row[0]))]) };
}

function foldRows(header: readonly string[], rows: readonly Row[]): Row[] {
  const groups = new Map<string, Row[]>();
  const isKey = (column: number) => column > 0 && !SUMS.has(header[column] ?? '');
  for (const row of rows) {
    const key = JSON.stringify(row.filter((_, column) => isKey(column)));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return Array.from(groups.values()).flatMap((group) => {
    const [first = []] = group;
    if (group.length < FOLDED_FROM) return group;
    const sum = (column: number) => group.reduce((total, row) => total + Number(row[column] ?? 0), 0);
    return [
      first.map((cell, column) =>
        column === 0 ? `${group.length} hosts` : isKey(column) ? cell : sum(column),
      ),
    ];
  });
}
