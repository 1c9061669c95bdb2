import { renderAnnotations } from '../../report/remarks/github-annotations.ts';
import type { RunReport } from '../../report/report.ts';
import { type RemarkSources, remarksOfRun } from './run-remarks.ts';
import { type Stdio, tell } from './stdio.ts';

/** Prints the annotations of a run to stderr: stdout carries data only, and GitHub reads both. */
export async function printAnnotations(
  report: RunReport,
  { stdio, ...sources }: RemarkSources & { readonly stdio: Stdio },
): Promise<void> {
  await tell(stdio.err, renderAnnotations(remarksOfRun(report, sources)));
}
