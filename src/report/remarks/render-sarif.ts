import { sortedBy } from '../../base/sorted.ts';
import type { Remark } from './remark.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
const LEVELS = { error: 'error', warn: 'warning' } as const;

/**
 * The remarks as a SARIF log, for code scanning.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
 */
export function renderSarif(remarks: readonly Remark[], version: string): string {
  const rules = sortedBy(new Set(remarks.map(({ rule }) => rule)), (rule) => rule);
  const driver = {
    name: 'cip',
    version,
    rules: rules.map((id) => ({ id, shortDescription: { text: id }, help: { text: 'see docs/checks.md' } })),
  };
  const results = remarks.map(({ rule, level, message, at }) => ({
    ruleId: rule,
    ruleIndex: rules.indexOf(rule),
    level: LEVELS[level],
    message: { text: message },
    locations: at === undefined ? [] : [{ physicalLocation: locationOf(at) }],
  }));
  const run = { tool: { driver }, columnKind: 'utf16CodeUnits', results };
  return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, null, 2)}\n`;
}

function locationOf({ file, line, column }: NonNullable<Remark['at']>) {
  const uri = file.split('/').map(encodeURIComponent).join('/');
  return {
    artifactLocation: { uri, uriBaseId: '%SRCROOT%' },
    region: { startLine: line, startColumn: column },
  };
}
