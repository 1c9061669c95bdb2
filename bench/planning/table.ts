import type { Questions } from '../../test/doubles/universe-server.ts';
import type { CipMeasured } from './run-cip.ts';

type Parsing = readonly [name: string, runs: readonly CipMeasured[]];

/** Markdown: a row for each universe. */
export function renderParse(rows: readonly Parsing[]): string {
  return table(
    ['`-parse-only`', 'projects', 'digests', 'edges', 'wall s', 'CPU s', 'peak MB'],
    rows.map(([name, runs]) => {
      const report = runs[0]?.report;
      return [
        name,
        number(report?.manifests.projects ?? 0),
        number(report?.manifests.digests ?? 0),
        number(report?.summary.edges ?? 0),
        spread(
          runs.map(({ seconds }) => seconds),
          2,
        ),
        spread(
          runs.map(({ cpuSeconds }) => cpuSeconds),
          2,
        ),
        spread(
          runs.map(({ peakBytes }) => peakBytes / 1e6),
          0,
        ),
      ];
    }),
  );
}

/** Markdown: what the program says it has asked, and what the server has been asked. */
export function renderDryRun(
  name: string,
  { report, seconds, cpuSeconds, peakBytes, exitCode }: CipMeasured,
  { questions, missing }: { questions: ReadonlyMap<string, Questions>; missing: number },
): string {
  const hosts = Object.values(report.hosts);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const asked = Array.from(questions.values());
  const { edges, present, copy } = report.summary;
  return [
    '',
    table(
      [`dry run: ${name}`, ''],
      [
        ['exit code', exitCode],
        ['edges', `${number(edges)}: ${number(present)} present, ${number(copy)} to copy`],
        ['images that are missing', number(missing)],
        ['hosts asked', questions.size],
        ['listings', number(sum(asked.map(({ listings }) => listings)))],
        ['HEADs', number(sum(asked.map(({ heads }) => heads)))],
        ['other requests', number(sum(asked.map(({ others }) => others)))],
        [
          'repositories listed by the report',
          number(sum(hosts.map(({ repositories }) => repositories.byListing))),
        ],
        [
          'repositories asked by HEAD by the report',
          number(sum(hosts.map(({ repositories }) => repositories.byHead))),
        ],
        ['requests by the report', number(sum(hosts.map(({ requests }) => requests)))],
        ['MB in by the report', (sum(hosts.map(({ bytesIn }) => bytesIn)) / 1e6).toFixed(1)],
        ['wall s', seconds.toFixed(1)],
        ['CPU s', cpuSeconds.toFixed(1)],
        ['peak MB', (peakBytes / 1e6).toFixed(0)],
      ],
    ),
  ].join('\n');
}

/** Markdown: an audit, and what the server has been asked. */
export function renderAudit(
  name: string,
  { report, seconds, cpuSeconds, peakBytes, exitCode }: CipMeasured,
  questions: ReadonlyMap<string, Questions>,
): string {
  const sum = (of: keyof Questions) =>
    Array.from(questions.values()).reduce((total, question) => total + question[of], 0);
  return [
    '',
    table(
      [`audit: ${name}`, ''],
      [
        ['exit code', exitCode],
        ['edges', `${number(report.summary.edges)}: ${number(report.summary.present)} present`],
        ['listings', number(sum('listings'))],
        ['HEADs', number(sum('heads'))],
        ['other requests', number(sum('others'))],
        ['wall s', seconds.toFixed(1)],
        ['CPU s', cpuSeconds.toFixed(1)],
        ['peak MB', (peakBytes / 1e6).toFixed(0)],
      ],
    ),
  ].join('\n');
}

function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const rule = header.map((_, column) => (column === 0 ? '---' : '--:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [least = 0, median = 0, most = 0] = [sorted[0], sorted[(sorted.length - 1) >> 1], sorted.at(-1)];
  const shown = [least, median, most].map((value) => value.toFixed(digits));
  return shown[0] === shown[2] ? `${shown[1]}` : `${shown[1]} (${shown[0]}–${shown[2]})`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
