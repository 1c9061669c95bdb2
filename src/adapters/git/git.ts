import { basename, dirname } from 'node:path';
import { type ProgramError, type ProgramRun, runForBytes } from '../../base/run-program.ts';

export type ManifestPath =
  | { readonly kind: 'plain'; readonly file: string }
  | { readonly kind: 'thin'; readonly directory: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** The directory that git runs in, and the path there that is the manifests. */
export function placeOf(manifests: ManifestPath): { readonly directory: string; readonly pathspec: string } {
  return manifests.kind === 'thin'
    ? { directory: manifests.directory, pathspec: '.' }
    : { directory: dirname(manifests.file), pathspec: basename(manifests.file) };
}

export interface GitCall {
  readonly directory: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
  readonly input?: string;
  readonly maxOutput?: number;
}

/**
 * Nothing that the repository configures is run, and its index is not refreshed. So one of another user is safe to read:
 * in a container, the repository and the process often have different owners.
 */
const READ_ONLY = [
  '--no-optional-locks',
  '--literal-pathspecs',
  '-c',
  'safe.directory=*',
  '-c',
  'core.fsmonitor=false',
];

/** Variables that git sets for its hooks: they would lead to the repository of the hook. */
const NO_HOOK = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_PREFIX: undefined,
};

/** Runs git in a directory. Throws a `ProgramError`, and the signal's reason. */
export async function runGit({
  directory,
  args,
  env,
  input = '',
  ...call
}: GitCall): Promise<ProgramRun<Buffer>> {
  return await runForBytes({
    program: 'git',
    args: ['-C', directory, ...READ_ONLY, ...args],
    env: { ...env, ...NO_HOOK, LC_ALL: 'C' },
    input,
    ...call,
  });
}

/** Settings of git. */
export type Config = readonly (readonly [name: string, value: string])[];

/** Adds settings to those in the environment. In arguments a name could not hold `=`. */
export function withConfig(env: Environment, config: Config): Environment {
  const before = Number(env['GIT_CONFIG_COUNT'] ?? 0);
  const added = config.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${before + index}`, name],
    [`GIT_CONFIG_VALUE_${before + index}`, value],
  ]);
  return { ...env, ...Object.fromEntries(added), GIT_CONFIG_COUNT: String(before + config.length) };
}

/** The failure to run git, in words. */
export function describeFailure(error: ProgramError): string {
  return error.code === 'not-found' ? 'there is no git in PATH: install git' : `git: ${error.message}`;
}
