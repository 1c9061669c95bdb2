import type { Log } from '../../ports/log.ts';
import { advise } from '../../report/advise.ts';
import { changesOf } from '../../report/audit/changes.ts';
import type { ReportFinding } from '../../report/envelope.ts';
import type { Report, ReportItem } from '../../report/report.ts';
import { parseEdgeId } from '../../report/summary/parse-edge-id.ts';

type Fields = Readonly<Record<string, string | number | boolean>>;

/** Logs the causes, findings, repaired content and advice of a report for machines: the data is in fields. */
export function logDetailsAsJson(report: Report, log: Log): void {
  for (const { repositories, ...cause } of report.causes ?? []) {
    const names = repositories.join(', ');
    log.write('error', 'cause', withoutNulls({ ...cause, repositories: names, error: cause.message }));
  }
  for (const finding of report.findings) {
    log.write(finding.level === 'error' ? 'error' : 'warning', 'finding', findingFields(finding));
  }
  for (const piece of report.mode === 'verify' ? (report.repair?.pieces ?? []) : []) {
    log.write(piece.outcome === 'failed' ? 'error' : 'info', 'repair', withoutNulls({ ...piece }));
  }
  for (const change of changesOf(report)) log.write('info', 'change', withoutNulls({ ...change }));
  for (const { about, text } of advise(report))
    log.write('info', 'advice', { decision: about, advice: text });
}

/** The fields of an edge or a malformed entry; those without a value are left out. */
export function edgeFields(item: ReportItem): Fields {
  const { destination } = item;
  if (destination === null) return withoutNulls({ ...item });
  const { tag } = parseEdgeId(destination);
  return withoutNulls({ ...item, tag, host: destination.slice(0, destination.indexOf('/')) });
}

function findingFields({ edges, at, ...finding }: ReportFinding): Fields {
  return withoutNulls({
    rule: finding.rule,
    finding: finding.message,
    advice: finding.advice,
    at,
    edges: edges.length,
  });
}

function withoutNulls(fields: Readonly<Record<string, unknown>>): Fields {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? [[name, value]]
        : [],
    ),
  );
}
