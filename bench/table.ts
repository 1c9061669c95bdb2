import type { Run, Trial } from './trial.ts';

export interface Row {
  readonly name: string;
  readonly trials: readonly Trial[];
}

/** A Markdown table with a row for each program: medians, and from the least to the most where they differ. */
export function renderTable(rows: readonly Row[]): string {
  const runs = Math.max(...rows.flatMap(({ trials }) => trials.map((trial) => trial.length)));
  const again = runs > 1 ? ['again: wall s', 'CPU s', 'requests'] : [];
  const headers = ['', 'wall s', 'CPU s', 'requests', 'MB read', ...again, 'result'];
  return renderMarkdown(headers, rows.map(cellsOf));
}

export function renderMarkdown(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = headers.map((_, column) => (column === 0 ? '---' : '--:'));
  return [headers, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf({ name, trials }: Row): readonly string[] {
  const first = trials.flatMap((trial) => trial.slice(0, 1));
  const again = trials.flatMap((trial) => trial.slice(1));
  return [
    name,
    seconds(first.map((run) => run.seconds)),
    seconds(first.map((run) => run.cpuSeconds)),
    count(first.map((run) => run.requests)),
    megabytes(first.map((run) => run.bytesRead)),
    ...(again.length === 0
      ? []
      : [
          seconds(again.map((run) => run.seconds)),
          seconds(again.map((run) => run.cpuSeconds)),
          count(again.map((run) => run.requests)),
        ]),
    result(trials.flat()),
  ];
}

const MAX_SAID = 200;

/** A line for each program that failed: the last that it said, cut at 200 characters. */
export function renderFailures(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ name, trials }) => {
    const [bad] = failures(trials.flat());
    return bad === undefined ? [] : [`- ${name}: \`${lastLine(bad.output)}\``];
  });
  return lines.join('\n');
}

function lastLine(output: string): string {
  const line = (output.trim().split('\n').at(-1) ?? '').replaceAll('`', "'");
  return line.length > MAX_SAID ? `${line.slice(0, MAX_SAID)}…` : line;
}

export function seconds(values: readonly number[]): string {
  return spread(values, (value) => value.toFixed(2));
}

function count(values: readonly (number | undefined)[]): string {
  return spread(values, number);
}

function megabytes(values: readonly (number | undefined)[]): string {
  return spread(values, (value) => (value / 1e6).toFixed(1));
}

export function spread(values: readonly (number | undefined)[], render: (value: number) => string): string {
  const known = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const [least, median, most] = [known[0], known[(known.length - 1) >> 1], known.at(-1)];
  if (least === undefined || median === undefined || most === undefined) return 'n/a';
  if (render(least) === render(most)) return render(median);
  return `${render(median)} (${render(least)}–${render(most)})`;
}

function result(runs: readonly Run[]): string {
  const bad = failures(runs);
  if (bad.length === 0) return 'ok';
  const codes = [...new Set(bad.map((run) => run.exitCode))].join(', ');
  const wrong = Math.max(...bad.map((run) => run.wrongTags));
  return `${bad.length} of ${runs.length} runs failed: exit ${codes}, up to ${wrong} tags wrong`;
}

function failures(runs: readonly Run[]): readonly Run[] {
  return runs.filter((run) => run.exitCode !== 0 || run.wrongTags > 0);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
