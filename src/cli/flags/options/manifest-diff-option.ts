import { readFileSync } from 'node:fs';
import { messageOf } from '../../../base/errors.ts';
import { isObject, type JsonObject, parseJsonObject } from '../../../base/json.ts';
import { quote } from '../../../base/text.ts';
import type { DiffBase, ManifestDiff } from '../../../workflows/changes/find-changes.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';

type Env = NodeJS.ProcessEnv;

/** A base, the flag or variable that names it, and whether the job is that of a pull request. */
type JobBase = DiffBase & { readonly from: string; readonly isPresubmit: boolean };

const SPELLINGS = ['use-prow-manifest-diff', 'manifest-diff-since', 'manifest-diff-base'] as const;

/** True for a run that is limited to the changes of the manifests. */
export function isLimitedToChanges(flags: FlagValues): boolean {
  return (
    flags.isOn('use-prow-manifest-diff') ||
    SPELLINGS.some((name) => flags.text(name) && name !== SPELLINGS[0])
  );
}

/**
 * The earlier state of the manifests that the flags, or the job's environment, name; undefined for a run that is not
 * limited to changes. Throws a `UsageError`.
 */
export function manifestDiffOf(flags: FlagValues, env: Env): ManifestDiff | undefined {
  const base = jobBaseOf(flags, env);
  if (base === undefined) return undefined;
  const { isPresubmit, from: _, ...earlier } = base;
  return { ...earlier, removals: isPresubmit && !flags.isOn('allow-removal') ? 'error' : 'warn' };
}

/** The flag or variable that names the earlier state, for the report. */
export function diffSourceOf(flags: FlagValues, env: Env): string | undefined {
  return jobBaseOf(flags, env)?.from;
}

function jobBaseOf(flags: FlagValues, env: Env): JobBase | undefined {
  const [prow, age, revision] = [
    flags.isOn(SPELLINGS[0]),
    flags.text(SPELLINGS[1]),
    flags.text(SPELLINGS[2]),
  ];
  const given = SPELLINGS.filter((_, index) => [prow, age, revision][index]);
  if (given.length > 1) {
    throw new UsageError(`${given.map((name) => `-${name}`).join(' and ')} name two bases: give one`);
  }
  if (prow) return baseOfProw(env, '-use-prow-manifest-diff');
  if (age) return { kind: 'period', age, from: `-manifest-diff-since=${age}`, isPresubmit: false };
  if (!revision) return undefined;
  if (revision === 'auto') return baseOfJob(env);
  const isConfirmed = flags.isOn('confirm') || flags.text('dry-run') === 'false';
  return {
    kind: 'revision',
    revision,
    from: `-manifest-diff-base=${revision}`,
    isPresubmit: !isConfirmed,
  };
}

function baseOfJob(env: Env): JobBase {
  if (env['JOB_TYPE']) return baseOfProw(env, '-manifest-diff-base=auto');
  if (env['GITHUB_ACTIONS']) return baseOfGithub(env);
  if (env['GITLAB_CI']) return baseOfGitlab(env);
  throw new UsageError(
    '-manifest-diff-base=auto reads the variables of Prow, GitHub Actions or GitLab CI, and there are none: give -manifest-diff-base=REV',
  );
}

/** @see https://docs.prow.k8s.io/docs/jobs/#job-environment-variables */
function baseOfProw(env: Env, flag: string): JobBase {
  const type = env['JOB_TYPE'];
  if (!type)
    throw new UsageError(`${flag}: JOB_TYPE not set: Prow sets it to presubmit, batch or postsubmit`);
  if (type === 'postsubmit') return { kind: 'parent', from: 'JOB_TYPE=postsubmit', isPresubmit: false };
  if (type !== 'presubmit' && type !== 'batch') {
    throw new UsageError(
      `${flag}: unknown job type: ${quote(type)}: expected presubmit, batch or postsubmit; use -manifest-diff-since=AGE in a periodic job`,
    );
  }
  const revision = env['PULL_BASE_SHA'];
  if (!revision) throw new UsageError(`${flag}: PULL_BASE_SHA not set: Prow sets it for JOB_TYPE=${type}`);
  return { kind: 'revision', revision, from: 'PULL_BASE_SHA', isPresubmit: true };
}

/** @see https://docs.github.com/en/actions/reference/workflows-and-actions/variables */
function baseOfGithub(env: Env): JobBase {
  const branch = env['GITHUB_BASE_REF'];
  if (branch)
    return { kind: 'revision', revision: `origin/${branch}`, from: 'GITHUB_BASE_REF', isPresubmit: true };
  const name = env['GITHUB_EVENT_NAME'] ?? '';
  const event = readEvent(env['GITHUB_EVENT_PATH']);
  const group = event['merge_group'];
  if (name === 'merge_group' && isObject(group))
    return fromVariable('base_sha of the event', group['base_sha'], true);
  if (name === 'push') return fromVariable('before of the event', event['before'], false);
  throw new UsageError(
    `-manifest-diff-base=auto: the event ${quote(name)} has no base: give -manifest-diff-base=REV or -manifest-diff-since=AGE`,
  );
}

function readEvent(path: string | undefined): JsonObject {
  if (!path) return {};
  try {
    return parseJsonObject(readFileSync(path)) ?? {};
  } catch (error) {
    throw new UsageError(`-manifest-diff-base=auto: cannot read GITHUB_EVENT_PATH: ${messageOf(error)}`);
  }
}

/** @see https://docs.gitlab.com/ci/variables/predefined_variables/ */
function baseOfGitlab(env: Env): JobBase {
  // the head of the target branch is set only where the pipeline runs on the merged result
  const from = GITLAB_BASES.find((name) => env[name]);
  if (from !== undefined) return fromVariable(from, env[from], true);
  return fromVariable('CI_COMMIT_BEFORE_SHA', env['CI_COMMIT_BEFORE_SHA'], false);
}

const GITLAB_BASES = ['CI_MERGE_REQUEST_TARGET_BRANCH_SHA', 'CI_MERGE_REQUEST_DIFF_BASE_SHA'] as const;

/** The first push of a branch has no commit before it: zeros. */
function fromVariable(name: string, value: unknown, isPresubmit: boolean): JobBase {
  if (typeof value === 'string' && /[^0]/.test(value))
    return { kind: 'revision', revision: value, from: name, isPresubmit };
  throw new UsageError(`-manifest-diff-base=auto: ${name} names no commit: give -manifest-diff-base=REV`);
}
