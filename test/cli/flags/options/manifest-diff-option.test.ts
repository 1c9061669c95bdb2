import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diffSourceOf, manifestDiffOf } from '../../../../src/cli/flags/options/manifest-diff-option.ts';
import { parseCommandLine } from '../../../../src/cli/flags/parse-command-line.ts';
import { testdir } from '../../../builders/testdir.ts';

function diffOf(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return manifestDiffOf(parseCommandLine('cip', ['-manifest=m', ...args]).flags, env);
}

const PROW = ['-use-prow-manifest-diff'];
const AUTO = ['-manifest-diff-base=auto'];
const to = (revision: string, removals: 'error' | 'warn' = 'error') => ({
  kind: 'revision',
  revision,
  removals,
});
const PARENT = { kind: 'parent', removals: 'warn' };

describe('the base', () => {
  it.each([
    [[], {}, undefined],
    [['-use-prow-manifest-diff=false'], { JOB_TYPE: 'presubmit' }, undefined],
    [PROW, { JOB_TYPE: 'presubmit', PULL_BASE_SHA: 'abc' }, to('abc')],
    [PROW, { JOB_TYPE: 'batch', PULL_BASE_SHA: 'abc' }, to('abc')],
    [PROW, { JOB_TYPE: 'postsubmit', PULL_BASE_SHA: 'abc' }, PARENT],
    [AUTO, { JOB_TYPE: 'postsubmit' }, PARENT],
    [['-manifest-diff-since=14 days'], {}, { kind: 'period', age: '14 days', removals: 'warn' }],
    [['-manifest-diff-base', 'origin/main'], {}, to('origin/main')],
    [['-manifest-diff-base=origin/main', '-confirm'], {}, to('origin/main', 'warn')],
    [['-manifest-diff-base=origin/main', '-dry-run=false'], {}, to('origin/main', 'warn')],
    [
      AUTO,
      { GITHUB_ACTIONS: 'true', GITHUB_BASE_REF: 'main', GITHUB_EVENT_NAME: 'pull_request' },
      to('origin/main'),
    ],
    [AUTO, { GITLAB_CI: 'true', CI_MERGE_REQUEST_DIFF_BASE_SHA: 'abc' }, to('abc')],
    [
      AUTO,
      { GITLAB_CI: 'true', CI_MERGE_REQUEST_DIFF_BASE_SHA: 'abc', CI_MERGE_REQUEST_TARGET_BRANCH_SHA: 'def' },
      to('def'),
    ],
    [AUTO, { GITLAB_CI: 'true', CI_COMMIT_BEFORE_SHA: 'abc' }, to('abc', 'warn')],
    [[...PROW, '-allow-removal'], { JOB_TYPE: 'presubmit', PULL_BASE_SHA: 'abc' }, to('abc', 'warn')],
  ])('of %j with %j', (args, env, diff) => {
    expect(diffOf(args, env)).toEqual(diff);
  });

  it.each([
    [[], {}, undefined],
    [PROW, { JOB_TYPE: 'presubmit', PULL_BASE_SHA: 'abc' }, 'PULL_BASE_SHA'],
    [PROW, { JOB_TYPE: 'postsubmit' }, 'JOB_TYPE=postsubmit'],
    [['-manifest-diff-since=14 days'], {}, '-manifest-diff-since=14 days'],
    [['-manifest-diff-base', 'origin/main'], {}, '-manifest-diff-base=origin/main'],
    [AUTO, { GITHUB_ACTIONS: 'true', GITHUB_BASE_REF: 'main' }, 'GITHUB_BASE_REF'],
    [AUTO, { GITLAB_CI: 'true', CI_COMMIT_BEFORE_SHA: 'abc' }, 'CI_COMMIT_BEFORE_SHA'],
  ])('of %j with %j is named by %s', (args, env, source) => {
    const { flags } = parseCommandLine('cip', ['-manifest=m', ...args]);
    expect(diffSourceOf(flags, env)).toBe(source);
  });

  it.each([
    ['push', { before: 'abc' }, to('abc', 'warn')],
    ['merge_group', { merge_group: { base_sha: 'abc' } }, to('abc')],
  ])('of the event %s on GitHub is in its file', async (name, event, diff) => {
    const file = join(await testdir({ event: JSON.stringify(event) }), 'event');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: file };
    expect(diffOf(AUTO, env)).toEqual(diff);
  });

  const github = { GITHUB_ACTIONS: 'true' };
  it.each([
    [PROW, {}, /JOB_TYPE not set/],
    [PROW, { JOB_TYPE: 'periodic' }, /unknown job type: "periodic": expected .*use -manifest-diff-since=AGE/],
    [PROW, { JOB_TYPE: 'presubmit' }, /PULL_BASE_SHA not set/],
    [AUTO, {}, /reads the variables of Prow, GitHub Actions or GitLab CI, and there are none/],
    [AUTO, { ...github, GITHUB_EVENT_NAME: 'schedule' }, /the event "schedule" has no base/],
    [
      AUTO,
      { ...github, GITHUB_EVENT_NAME: 'push', GITHUB_EVENT_PATH: '/nowhere' },
      /cannot read GITHUB_EVENT_PATH/,
    ],
    [
      AUTO,
      { GITLAB_CI: 'true', CI_COMMIT_BEFORE_SHA: '0'.repeat(40) },
      /CI_COMMIT_BEFORE_SHA names no commit/,
    ],
    [
      [...PROW, '-manifest-diff-since=1 day'],
      {},
      /-use-prow-manifest-diff and -manifest-diff-since name two bases/,
    ],
    [['-manifest-diff-since=1 day', '-manifest-diff-base=x'], {}, /name two bases: give one/],
  ])('of %j with %j is refused', (args, env, words) => {
    expect(() => diffOf(args, env)).toThrow(words);
  });
});
