import type { Report } from '../report.ts';
import type { AuditChange } from './audit.ts';

/** The changes since the snapshots of an audit; none in other reports. */
export function changesOf(report: Report): readonly AuditChange[] {
  return report.mode === 'audit' ? (report.sinceSnapshot ?? []) : [];
}

/** A change in one line. */
export function changeText({ change, destination, digest, before, uploaded }: AuditChange): {
  readonly word: string;
  readonly text: string;
} {
  const subject = destination.endsWith(`@${digest}`) ? destination : `${destination} ${digest}`;
  const from = before === null ? '' : `, was ${before}`;
  const time = uploaded === null ? '' : ` (uploaded ${uploaded})`;
  return { word: change, text: `${subject}${from}${time}` };
}

export const CHANGE_HEADER = ['change', 'image', 'digest', 'before', 'uploaded'];

/** A change as a row of a table. */
export function changeRow({ change, destination, digest, before, uploaded }: AuditChange): readonly string[] {
  return [change, destination, digest, before ?? '', uploaded ?? ''];
}
