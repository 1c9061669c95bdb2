import { quote } from '../../base/text.ts';
import { type Commit, type History, HistoryError, type Period } from '../../ports/history.ts';
import { parseBatch } from './cat-file.ts';
import { type Environment, type ManifestPath, placeOf } from './git.ts';
import { openRepository, type Repository } from './repository.ts';

/** The history of a manifest, or of a directory of manifests, in the git repository that holds it. Opened on first use. */
export function createGitHistory(manifests: ManifestPath, env: Environment): History {
  const { directory, pathspec } = placeOf(manifests);
  let opened: Promise<Repository> | undefined;
  const repository = (signal: AbortSignal) => (opened ??= openRepository({ directory, env }, signal));
  return {
    baseOf: async (revision, signal) => await mergeBase(await repository(signal), revision, signal),
    parent: async (signal) => await firstParent(await repository(signal), signal),
    since: async (age, signal) =>
      await periodSince(age, { repository: await repository(signal), pathspec }, signal),
    list: async (commit, signal) => {
      if (commit === undefined) return [];
      const { run, prefix } = await repository(signal);
      const path = pathspec === '.' ? prefix.slice(0, -1) : prefix + pathspec;
      const args = ['ls-tree', '-r', '-z', '--full-tree', '--name-only', commit];
      const { output } = await run(path === '' ? args : [...args, '--', path], signal);
      const names = output
        .toString()
        .split('\0')
        .filter((name) => name !== '');
      return names.map((name) => name.slice(prefix.length));
    },
    read: async (commit, paths, signal) => {
      if (commit === undefined || paths.length === 0) return new Map();
      const { run, prefix } = await repository(signal);
      const readable = paths.filter((path) => !path.includes('\n')); // the names of a batch are lines
      const input = readable.map((path) => `${commit}:${prefix}${path}\n`).join('');
      const { output } = await run(['cat-file', '--batch', '--follow-symlinks'], signal, input);
      return parseBatch(output, readable);
    },
  };
}

async function mergeBase(repository: Repository, revision: string, signal: AbortSignal): Promise<Commit> {
  const commit = await repository.find(`${revision}^{commit}`, signal);
  if (commit === undefined) {
    const remedy = repository.isShallow ? repository.deepen : `git -C ${repository.top} fetch origin`;
    const message = `no commit ${quote(revision)} in the clone ${quote(repository.top)}: run "${remedy}", or check the name`;
    throw new HistoryError(repository.isShallow ? 'incomplete' : 'no-commit', message);
  }
  const { end, output } = await repository.ask(['merge-base', commit, 'HEAD'], signal);
  if (end === 'exit 0') return output.toString().trim();
  if (repository.isShallow)
    throw shallow(repository, `the commit that ${quote(revision)} and HEAD have in common`);
  throw new HistoryError(
    'no-commit',
    `${quote(revision)} and HEAD have no commit in common: give another base`,
  );
}

async function firstParent(repository: Repository, signal: AbortSignal): Promise<Commit> {
  const parent = await repository.find('HEAD^', signal);
  if (parent === undefined && repository.isShallow) throw shallow(repository, 'the parent of HEAD');
  return parent;
}

/**
 * The commits of the branch itself (first parents), so that a merge counts at its own time, whenever its commits were
 * made. Dates need not be in order: the period begins with the oldest commit that has a date in it.
 */
async function periodSince(
  age: string,
  { repository, pathspec }: { readonly repository: Repository; readonly pathspec: string },
  signal: AbortSignal,
): Promise<Period> {
  const start = await startOf(age, repository, signal);
  const line = ['rev-list', '--first-parent', '--timestamp'];
  if (repository.isShallow) {
    const { output } = await repository.run([...line, '--max-parents=0', 'HEAD'], signal);
    if (parseCommits(output).some(({ time }) => time >= start))
      throw shallow(repository, 'the commits before the period');
  }
  const { output } = await repository.run([...line, 'HEAD', '--', pathspec], signal);
  const commits = parseCommits(output);
  const oldest = commits.findLastIndex(({ time }) => time >= start);
  const states = commits.slice(0, oldest + 1).map(({ commit }): Commit => commit);
  return {
    from: new Date(start * 1_000).toISOString(),
    states: [...states, commits[oldest + 1]?.commit].toReversed(),
  };
}

/** Git reads any text as a time, and an unknown word as now: then nothing would ever have changed. */
async function startOf(age: string, repository: Repository, signal: AbortSignal): Promise<number> {
  if (isMisreadAge(age)) throw new HistoryError('no-age', describeAge(age));
  const { output } = await repository.run(['rev-parse', `--since=${age}`, '--since=now'], signal);
  const [start = 0, now = 0] = Array.from(output.toString().matchAll(/\d+/g), ([time]) => Number(time));
  if (start < now - 1) return start;
  throw new HistoryError('no-age', describeAge(age));
}

function parseCommits(output: Buffer): readonly { readonly commit: string; readonly time: number }[] {
  return Array.from(output.toString().matchAll(/^(\d+) ([0-9a-f]+)$/gm), ([, time, commit = '']) => ({
    commit,
    time: Number(time),
  }));
}

function shallow({ top, deepen }: Repository, missing: string): HistoryError {
  return new HistoryError(
    'incomplete',
    `the clone ${quote(top)} is shallow and lacks ${missing}: run "${deepen}"`,
  );
}

/** A number with one or two letters, such as `2w`: git takes the number for a day of the month. */
const SHORTHAND = /^\s*-?\d+\s*(?!am\b|pm\b)[a-z]{1,2}\s*$/i;

function isMisreadAge(age: string): boolean {
  return SHORTHAND.test(age) || age.trim() === '';
}

function describeAge(age: string): string {
  return `${quote(age)} does not name a time in the past: write "14 days", or a date such as 2026-01-31`;
}
