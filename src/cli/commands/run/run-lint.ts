import type { RuleSettings } from '../../../checks/rule-settings.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import { renderAnnotations } from '../../../report/remarks/github-annotations.ts';
import type { Remark } from '../../../report/remarks/remark.ts';
import { renderSarif } from '../../../report/remarks/render-sarif.ts';
import type { ManifestDiff } from '../../../workflows/changes/find-changes.ts';
import type { RunOptions } from '../../flags/options/run-options.ts';
import { concludeRun } from '../../output/conclude-run.ts';
import { remarksOfRun } from '../../output/run-remarks.ts';
import { writeTo } from '../../output/stdio.ts';
import { VERSION } from '../../output/version.ts';
import { reportManifests } from '../../runtime/check-manifests.ts';
import { loadChanges } from '../../runtime/load-changes.ts';
import { loadRules } from '../../runtime/load-rules.ts';
import { withRun } from '../../runtime/run-scope.ts';
import type { ProcessContext } from '../command.ts';

export interface LintOptions extends RunOptions {
  readonly where: ManifestLocation;
  /** Levels of rules. */
  readonly rules: RuleSettings['levels'];
  /** The earlier state of the manifests; undefined for a run that is not limited to changes. */
  readonly diff: ManifestDiff | undefined;
  readonly format: 'text' | 'json' | 'github' | 'sarif';
}

/** `cip lint` from its options to its exit code: the log has all findings, and stdout has them as data. */
export function runLint(options: LintOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { where, format } = options;
    const rules = await loadRules(where, options.rules, run.stop.stopping);
    const { read, changes } = await loadChanges({ ...options, rules, siblings: true }, run, 'debug');
    const report = reportManifests(read, { rules, changes, run });
    const { stdio } = context;
    if (format !== 'text') {
      const remarks = remarksOfRun(report, { problems: read.problems, where });
      await writeTo(stdio.out, render(remarks, format));
    }
    return await concludeRun(report, {
      ...context,
      options: { ...options, allowLost: false },
      places: { report: undefined, reportMarkdown: undefined },
      log: run.log,
      isOpeningPrinted: false,
      areMalformedLogged: true,
      stopCode: run.stop.exitCode(),
    });
  });
}

function render(remarks: readonly Remark[], format: 'json' | 'github' | 'sarif'): string {
  switch (format) {
    case 'json':
      return renderJson(remarks);
    case 'github':
      return renderAnnotations(remarks);
    case 'sarif':
      return renderSarif(remarks, VERSION);
    default:
      return format satisfies never;
  }
}

function renderJson(remarks: readonly Remark[]): string {
  const findings = remarks.map(({ at, ...remark }) => ({ ...remark, ...at }));
  return `${JSON.stringify({ version: 1, findings }, null, 2)}\n`;
}
