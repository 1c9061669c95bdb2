import type { PullRequestOptions } from '../../flags/options/pull-request-options.ts';

type ShownOptions = Pick<
  PullRequestOptions,
  | 'fork'
  | 'upstream'
  | 'project'
  | 'staging'
  | 'reviewers'
  | 'issue'
  | 'filters'
  | 'isInteractive'
  | 'isWatching'
  | 'program'
>;

/** The command line that makes the same pull request, for a POSIX shell. Local paths are omitted. */
export function commandOf(options: ShownOptions): string {
  const { program, fork, upstream, project, staging, reviewers, issue, filters } = options;
  const one = (flag: string, value: string | undefined) =>
    value === undefined ? [] : [flag, quoteForShell(value)];
  const all = (flag: string, values: readonly string[]) => values.flatMap((value) => one(flag, value));
  return [
    program,
    'pr',
    ...one('--fork', fork),
    ...(options.isWatching ? ['--watch'] : []),
    ...(options.isInteractive ? ['--interactive'] : []),
    ...one('--upstream', upstream),
    ...one('--project', project),
    ...one('--staging-repo', staging),
    ...one('--reviewers', reviewers),
    ...one('--issue', issue),
    ...all('--tag', filters.tags),
    ...all('--image', filters.images),
    ...all('--digests', filters.digests),
  ].join(' ');
}

function quoteForShell(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`).replaceAll(/\s+/g, ' ')}'`;
}
