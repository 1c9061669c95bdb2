import { parseRegistryName } from '../../image/repository.ts';
import type { SnapshotFile } from '../audit/read-snapshots.ts';
import { flagsOf } from '../flags/flag.ts';
import { FlagValues } from '../flags/flag-values.ts';
import { CHANGE_FLAGS, LOCATION_FLAGS, REPORT_FLAGS, RUN_FLAGS, SCOPE_FLAGS } from '../flags/flags.ts';
import { FORMER_FLAGS } from '../flags/former-flags.ts';
import { formatOf } from '../flags/options/browse-options.ts';
import { makePromotionOptions, type ReportFiles } from '../flags/options/promotion-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import { AUDIT_FORMATS } from '../audit/audit-format.ts';
import type { AuditOptions } from './run/run-audit.ts';

const AUDIT_FLAGS = flagsOf('Audit', [
  {
    name: 'since',
    value: 'FILE[@REGISTRY]',
    repeatable: true,
    description: 'report changes since the snapshot FILE of REGISTRY',
    neverEmpty: true,
  },
  {
    name: 'allow-list',
    value: 'FILE',
    default: '`audit-allow.yaml` beside the manifests',
    description: 'read allowed content from FILE',
    neverEmpty: true,
  },
  { name: 'write-allow-list', description: 'add the findings to the allow-list' },
  {
    name: 'output',
    value: 'FORMAT',
    default: 'text',
    values: AUDIT_FORMATS,
    description: 'write the report to stdout: `json`, `markdown`, `html` or `sarif`',
    neverEmpty: true,
  },
]);

/** `cip audit`, also `kpromo audit`. */
export const audit = defineCommand<AuditOptions>({
  words: 'audit',
  isOfKpromo: true,
  flags: [
    ...LOCATION_FLAGS,
    ...SCOPE_FLAGS.filter(({ name }) => name !== 'no-siblings'),
    ...AUDIT_FLAGS,
    ...REPORT_FLAGS,
    ...RUN_FLAGS,
    ...FORMER_FLAGS,
  ],
  refusal: (flag) =>
    CHANGE_FLAGS.some(({ name }) => name === flag)
      ? `cip audit compares production with all manifests; -${flag} is not allowed`
      : `cip audit is read-only; -${flag} is not allowed`,
  help: {
    about: 'finds content in production that no manifest allows, and wanted content that is missing.',
    summary: ['-thin-manifest-dir=DIR', 'compare production with the manifests'],
    examples: [
      ['-thin-manifest-dir=DIR', 'compare all destinations with the manifests'],
      ['-thin-manifest-dir=DIR -since=monday.yaml@REGISTRY', 'list changes since a snapshot too'],
      ['-thin-manifest-dir=DIR -write-allow-list', 'add the findings to audit-allow.yaml'],
      ['-thin-manifest-dir=DIR -shard=0/3', 'audit one part'],
    ],
    exit: '0 production matches the manifests; 1 findings or unreadable content; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeAuditOptions,
  run: async (options, context) => (await import('./run/run-audit.ts')).runAudit(options, context),
});

function makeAuditOptions(given: Given): AuditOptions {
  const { flags } = given;
  const format = formatOf(flags, AUDIT_FORMATS) ?? 'text';
  const options = makePromotionOptions({ ...given, flags: withoutOutput(flags) });
  refuseSharedStdout(options, format);
  return {
    ...options,
    format,
    since: flags.all('since').map(snapshotOf),
    allowList: flags.text('allow-list'),
    writesAllowList: flags.isOn('write-allow-list'),
  };
}

/** `makePromotionOptions` refuses -output. */
function withoutOutput(flags: FlagValues): FlagValues {
  const names = flags.names.filter((name) => name !== 'output');
  return new FlagValues(new Map(names.map((name) => [name, flags.all(name)])));
}

function refuseSharedStdout(
  { report, reportMarkdown, reportHtml }: ReportFiles,
  format: AuditOptions['format'],
): void {
  if (format === 'text' || ![report, reportMarkdown, reportHtml].includes('-')) return;
  throw new UsageError(
    `-output=${format} and another report cannot both go to stdout: give the other a file`,
  );
}

/** `FILE` or `FILE@REGISTRY`. A file name may contain `@`. */
function snapshotOf(text: string): SnapshotFile {
  const at = text.lastIndexOf('@');
  const registry = at === -1 ? undefined : parseRegistryName(text.slice(at + 1));
  return registry === undefined ? { file: text, registry } : { file: text.slice(0, at), registry };
}
