import type { Run, Trial, Where } from './trial.ts';

/** The requests of a throw-away copier that set the bar, for the full corpus on a registry that mounts. */
export const BAR: Readonly<Record<Where, { readonly first: number; readonly again: number }>> = {
  same: { first: 3081, again: 100 },
  other: { first: 8044, again: 100 },
};

export interface Row {
  readonly name: string;
  readonly trials: readonly Trial[];
}

const HEADERS = [
  '',
  'wall s',
  'CPU s',
  'requests',
  'MB read',
  'again: wall s',
  'CPU s',
  'requests',
  'result',
];

/** A Markdown table with a row for each program: medians, and from the least to the most where they differ. */
export function renderTable(rows: readonly Row[], bar: (typeof BAR)[Where] | undefined): string {
  const lines = rows.map(({ name, trials }) => {
    const first = trials.map((trial) => trial.first);
    const again = trials.map((trial) => trial.again);
    return [
      name,
      seconds(first.map((run) => run.seconds)),
      seconds(first.map((run) => run.cpuSeconds)),
      count(first.map((run) => run.requests)),
      megabytes(first.map((run) => run.bytesRead)),
      seconds(again.map((run) => run.seconds)),
      seconds(again.map((run) => run.cpuSeconds)),
      count(again.map((run) => run.requests)),
      result(first, again),
    ];
  });
  if (bar !== undefined)
    lines.push(['*the bar*', '', '', number(bar.first), '', '', '', number(bar.again), '']);
  return [HEADERS, HEADERS.map((_, column) => (column === 0 ? '---' : '--:')), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

const MAX_SAID = 200;

/** A line for each program that failed: the last that it said, cut at 200 characters. */
export function renderFailures(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ name, trials }) => {
    const [bad] = failures(trials.flatMap(({ first, again }) => [first, again]));
    return bad === undefined ? [] : [`- ${name}: \`${lastLine(bad.output)}\``];
  });
  return lines.join('\n');
}

function lastLine(output: string): string {
  const line = (output.trim().split('\n').at(-1) ?? '').replaceAll('`', "'");
  return line.length > MAX_SAID ? `${line.slice(0, MAX_SAID)}…` : line;
}

function seconds(values: readonly number[]): string {
  return spread(values, (value) => value.toFixed(2));
}

function count(values: readonly (number | undefined)[]): string {
  return spread(values, number);
}

function megabytes(values: readonly (number | undefined)[]): string {
  return spread(values, (value) => (value / 1e6).toFixed(1));
}

function spread(values: readonly (number | undefined)[], render: (value: number) => string): string {
  const known = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const [least, median, most] = [known[0], known[(known.length - 1) >> 1], known.at(-1)];
  if (least === undefined || median === undefined || most === undefined) return 'n/a';
  if (render(least) === render(most)) return render(median);
  return `${render(median)} (${render(least)}–${render(most)})`;
}

function result(first: readonly Run[], again: readonly Run[]): string {
  const bad = failures([...first, ...again]);
  if (bad.length === 0) return 'ok';
  const codes = [...new Set(bad.map((run) => run.exitCode))].join(', ');
  const wrong = Math.max(...bad.map((run) => run.wrongTags));
  return `${bad.length} of ${first.length + again.length} runs failed: exit ${codes}, up to ${wrong} tags wrong`;
}

function failures(runs: readonly Run[]): readonly Run[] {
  return runs.filter((run) => run.exitCode !== 0 || run.wrongTags > 0);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
