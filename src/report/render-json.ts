import type { Envelope } from './envelope.ts';

/** A report as JSON, with a newline at its end, in pieces: that of a whole registry may exceed the longest string. */
export function* renderJson(report: Envelope): Generator<string> {
  const [head = '', tail = ''] = JSON.stringify({ ...report, items: [] }, undefined, 2).split(OWN_ITEMS);
  yield `${head}\n  "items": [`;
  let separator = '\n';
  for (const item of report.items) {
    yield `${separator}    ${JSON.stringify(item, undefined, 2).replaceAll('\n', '\n    ')}`;
    separator = ',\n';
  }
  const isEmpty = separator === '\n';
  yield `${isEmpty ? '' : '\n  '}]${tail}\n`;
}

/** The field of the report itself: parts of it may have items of their own, which are indented further. */
const OWN_ITEMS = '\n  "items": []';
