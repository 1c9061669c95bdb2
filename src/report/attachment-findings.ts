import { addTo, groupBy } from '../base/maps.ts';
import type { Finding } from '../checks/rule.ts';
import type { CarryTotals, IgnoredOfImage } from '../copy/carry/carried.ts';
import type { AttachmentCounts } from './envelope.ts';

/** The name that these findings have in reports. No rule can be set for them. */
const RULE = 'attachments';

/** The counts of attachments for a report; nothing if there are none. */
export function countAttachments(totals: CarryTotals | undefined): {
  readonly attachments?: AttachmentCounts;
} {
  if (totals === undefined) return {};
  const { carried, planned, ignored, failed } = totals;
  if (carried + planned + ignored.length + failed.length === 0) return {};
  return { attachments: { carried, planned, ignored: ignored.length } };
}

/**
 * Attachments that were ignored, as warnings: one for each subject at its source and reason, however many destinations there are. Images
 * whose attachments could not be completed are errors.
 */
export function attachmentFindings(totals: CarryTotals | undefined): readonly Finding[] {
  const ignored = groupBy(
    totals?.ignored ?? [],
    ({ from, subject, reason }) => `${from} ${subject} ${reason}`,
  );
  const failed = new Map<string, string[]>();
  for (const { reason, edges } of totals?.failed ?? []) for (const edge of edges) addTo(failed, reason, edge);
  return [
    ...Array.from(ignored.values(), describeIgnored),
    ...Array.from(
      failed,
      ([message, edges]): Finding => ({ rule: RULE, level: 'error', message, at: undefined, edges }),
    ),
  ];
}

function describeIgnored(ignored: readonly IgnoredOfImage[]): Finding {
  const [first] = ignored;
  const subject = first && `${first.from}@${first.subject}`;
  const edges = Array.from(new Set(ignored.flatMap((one) => one.edges)));
  const digests = new Set(ignored.flatMap(({ digest }) => digest ?? []));
  const [digest] = digests;
  const others = digests.size > 1 ? ` and ${digests.size - 1} more` : '';
  const name = digest === undefined ? 'attachments' : `attachment ${digest}${others}`;
  const message = `${name} of ${subject} ignored: ${first?.reason}`;
  return { rule: RULE, level: 'warn', message, at: undefined, edges };
}
