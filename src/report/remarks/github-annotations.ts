import { countOf } from '../../base/text.ts';
import type { Remark } from './remark.ts';

/** The annotations of one level that GitHub shows for a step; the log has the others. */
const SHOWN = 10;

const COMMANDS = { error: 'error', warn: 'warning' } as const;

/**
 * Workflow commands that make annotations, a line each. Of each level the first ones are written, as many as are shown,
 * and a notice counts the others.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function renderAnnotations(remarks: readonly Remark[]): string {
  const shown = (['error', 'warn'] as const).flatMap((level) =>
    remarks.filter((remark) => remark.level === level).slice(0, SHOWN),
  );
  const lines = shown.map(renderCommand);
  const left = remarks.length - shown.length;
  if (left > 0) lines.push(`::notice title=cip::${countOf(left, 'more finding')} in the log`);
  return lines.map((line) => `${line}\n`).join('');
}

function renderCommand({ rule, level, message, at }: Remark): string {
  const place = at === undefined ? {} : { file: at.file, line: at.line, col: at.column };
  const properties = Object.entries({ ...place, title: `cip: ${rule}` })
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}`)
    .join(',');
  return `::${COMMANDS[level]} ${properties}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
