import { assertNever } from '../../base/errors.ts';
import type { Audit } from '../../report/audit/audit.ts';
import { renderSarif } from '../../report/remarks/render-sarif.ts';
import type { Stdio } from '../output/stdio.ts';
import { type RemarkSources, remarksOfRun } from '../output/run-remarks.ts';
import { VERSION } from '../output/version.ts';
import { writePieces, writeReports } from '../output/write-report.ts';

export const AUDIT_FORMATS = ['text', 'json', 'markdown', 'html', 'sarif'] as const;
/** The format of the report on stdout. `text`: there is none, because the log has everything. */
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

interface Writing extends RemarkSources {
  readonly format: AuditFormat;
  readonly stdio: Stdio;
  /** That of the process: the verdict names it. */
  readonly exitCode: number;
  readonly frameOf: (at: string) => string | undefined;
}

const STDOUT = { kind: 'descriptor', fd: 1 } as const;
const NOWHERE = { report: undefined, reportMarkdown: undefined };

/** Writes an audit to stdout. Throws a `ReportError`. */
export async function writeAudit(report: Audit, { format, ...options }: Writing): Promise<void> {
  switch (format) {
    case 'text':
      return undefined;
    case 'json':
      return await writeReports(report, { ...NOWHERE, report: STDOUT }, options);
    case 'markdown':
      return await writeReports(report, { ...NOWHERE, reportMarkdown: STDOUT }, options);
    case 'html':
      return await writeReports(report, { ...NOWHERE, reportHtml: STDOUT }, options);
    case 'sarif': {
      const remarks = remarksOfRun(report, options);
      return await writePieces(STDOUT, () => [renderSarif(remarks, VERSION)], options);
    }
    default:
      return assertNever(format);
  }
}
