import type { Problem } from '../../manifest/model.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import { renderAnnotations } from '../../report/remarks/github-annotations.ts';
import { type PathInRepository, type Remark, remarksOf } from '../../report/remarks/remark.ts';
import type { Report, ReportItem } from '../../report/report.ts';
import { repositoryPaths } from './repository-path.ts';
import { type Stdio, tell } from './stdio.ts';

/** The parts of a run that remarks are made of, beside its report. */
export interface RemarkSources {
  readonly problems: readonly Problem[];
  readonly where: ManifestLocation;
}

/** The problems of the manifests, and the findings and items of the report of a run. */
export function remarksOfRun(
  { findings, items }: Report,
  { problems, where }: RemarkSources,
): readonly Remark[] {
  const pathOf = repositoryPaths(where);
  // malformed entries are among the problems, which know their rule
  const edges = Array.from<ReportItem>(items).filter(({ decision }) => decision !== 'invalid');
  return [...remarksOfProblems(problems, pathOf), ...remarksOf({ findings, items: edges }, pathOf)];
}

function remarksOfProblems(problems: readonly Problem[], pathOf: PathInRepository): readonly Remark[] {
  return problems.map(({ rule, severity, message, at }) => ({
    rule,
    level: severity === 'error' ? 'error' : 'warn',
    message,
    at: { file: pathOf(at.file), line: at.line, column: at.column },
  }));
}

/** Prints the annotations of a run to stderr: stdout carries data only, and GitHub reads both. */
export async function printAnnotations(
  report: Report,
  { stdio, ...sources }: RemarkSources & { readonly stdio: Stdio },
): Promise<void> {
  await tell(stdio.err, renderAnnotations(remarksOfRun(report, sources)));
}
