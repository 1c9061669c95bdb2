import { escapeJson } from '../base/text.ts';
import type { Report } from './report.ts';

/** The report as JSON, with a newline at its end. */
export function renderJson(report: Report): string {
  return `${escapeJson(JSON.stringify(report, undefined, 2))}\n`;
}
