/** A report of any kind: a value with items, which may be many. */
interface Itemised {
  readonly items: Iterable<unknown>;
}

/**
 * A report as JSON, with a newline at its end, in pieces: of a whole registry it may be longer than any one string
 * can be.
 */
export function* renderJson(report: Itemised): Generator<string> {
  const [head = '', tail = ''] = JSON.stringify({ ...report, items: [] }, undefined, 2).split('"items": []');
  yield `${head}"items": [`;
  let separator = '\n';
  for (const item of report.items) {
    yield `${separator}    ${JSON.stringify(item, undefined, 2).replaceAll('\n', '\n    ')}`;
    separator = ',\n';
  }
  const isEmpty = separator === '\n';
  yield `${isEmpty ? '' : '\n  '}]${tail}\n`;
}
