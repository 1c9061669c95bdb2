import { countOf } from '../../base/text.ts';
import {
  countVulnerabilities,
  describePolicy,
  type ScannedImage,
  type ScanState,
} from '../../checks/vulnerabilities/scanned-image.ts';
import { escapeCell } from '../render-table.ts';
import type { Report } from '../report.ts';
import { type CommentRoom, renderWithin } from './comment-room.ts';
import { shortenDigests } from './style.ts';

/** Characters of both tables. */
const MAX_CHARACTERS = 10_000;
/** Vulnerabilities of one image. */
const MAX_LISTED = 20;

const RESULTS: Readonly<Record<ScanState, string>> = {
  vulnerable: 'vulnerable',
  'not-scanned': 'not scanned',
  passed: 'passed',
  'not-applicable': 'not an image',
};
const ORDER = Object.keys(RESULTS);

/** The results of the vulnerability gate as folded tables: a row for each image, and one for each vulnerability that counts. */
export function vulnerabilitySection(report: Report, room: CommentRoom): string[] {
  const results = 'vulnerabilities' in report ? report.vulnerabilities : undefined;
  if (results === undefined || results.images.length === 0) return [];
  const images = results.images.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const vulnerable = images.filter(({ counted }) => counted > 0);
  const unscanned = images.filter(({ reason }) => reason !== null).length;
  const part = room.part(MAX_CHARACTERS);
  const counts = [
    `${vulnerable.length} of ${countOf(images.length, 'image')} with vulnerabilities ${describePolicy(results)}`,
    ...(unscanned > 0 ? [`${unscanned} not scanned`] : []),
  ];
  return [
    `<details><summary>Vulnerabilities: ${counts.join(', ')}</summary>`,
    ...renderWithin({ header: IMAGE_HEADER, rows: images.map(imageRow) }, part),
    ...renderWithin({ header: HEADER, rows: vulnerable.flatMap(vulnerabilityRows) }, part),
    escapeCell(`Scanned by ${results.source}. ${dismissedText(images)}`.trim()),
    '</details>',
  ];
}

const IMAGE_HEADER = [
  'image',
  'result',
  'counted',
  'critical',
  'high',
  'medium',
  'low',
  'other',
  'dismissed',
];

function imageRow({ image, state, found, counted, dismissed }: ScannedImage) {
  const { critical, high, medium, low, minimal, unspecified } = found;
  const others = minimal + unspecified;
  return [shortenDigests(image), RESULTS[state], counted, critical, high, medium, low, others, dismissed];
}

const HEADER = ['image', 'vulnerability', 'severity', 'package', 'version', 'fixed in'];

function vulnerabilityRows({ image, vulnerabilities }: ScannedImage) {
  return vulnerabilities
    .slice(0, MAX_LISTED)
    .map(({ id, severity, package: name, version, fixedIn }) => [
      shortenDigests(image),
      id,
      severity,
      name,
      version,
      fixedIn ?? 'no fix',
    ]);
}

function dismissedText(images: readonly ScannedImage[]): string {
  const dismissed = images.reduce((sum, image) => sum + image.dismissed, 0);
  return dismissed === 0 ? '' : `Exceptions and VEX dismissed ${countVulnerabilities(dismissed)}.`;
}
