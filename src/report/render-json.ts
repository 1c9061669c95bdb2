/** A report of any kind: a value with items, which may be many. */
interface Itemised {
  readonly items: readonly unknown[];
}

/**
 * A report as JSON, with a newline at its end, in pieces: of a whole registry it may be longer than any one string
 * can be.
 */
export function* renderJson(report: Itemised): Generator<string> {
  const [head = '', tail = ''] = JSON.stringify({ ...report, items: [] }, undefined, 2).split('"items": []');
  if (report.items.length === 0) {
    yield `${head}"items": []${tail}\n`;
    return;
  }
  yield `${head}"items": [`;
  let separator = '\n';
  for (const item of report.items) {
    yield `${separator}${JSON.stringify(item, undefined, 2).replace(/^/gm, '    ')}`;
    separator = ',\n';
  }
  yield `\n  ]${tail}\n`;
}
