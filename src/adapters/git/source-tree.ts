import { basename, dirname } from 'node:path';
import { runProgram } from '../../base/run-program.ts';
import type { SourceTree } from '../../ports/source-tree.ts';

/** Milliseconds: a plan does without the revision of a tree that takes longer. */
const LIMIT = 10_000;

/**
 * Nothing that the tree configures is run, and its index is not refreshed. So a tree of another user is safe to read:
 * in a container, the tree and the process often have different owners.
 */
const READ_ONLY = ['--no-optional-locks', '-c', 'safe.directory=*', '-c', 'core.fsmonitor=false'];

/** Filters are switched off too. Submodules have their own, so git does not read the files of a submodule. */
const STATUS = ['status', '--porcelain', '--ignore-submodules=dirty', '--'];

type Environment = Readonly<Record<string, string | undefined>>;
type Config = readonly (readonly [name: string, value: string])[];

export type ManifestPath =
  | { readonly kind: 'plain'; readonly file: string }
  | { readonly kind: 'thin'; readonly directory: string };

/** The git tree that a manifest, or a directory of manifests, is in. */
export function createGitTree(manifests: ManifestPath, env: Environment): SourceTree {
  const [directory, pathspec] =
    manifests.kind === 'thin'
      ? [manifests.directory, '.']
      : [dirname(manifests.file), basename(manifests.file)];
  const git = async (args: readonly string[], signal: AbortSignal, config: Config = []) => {
    const call = { program: 'git', args: ['-C', directory, ...READ_ONLY, ...args], input: '' };
    const settings = { env: withConfig(env, config), limit: LIMIT, signal };
    const { end, output } = await runProgram({ ...call, ...settings });
    return end === 'exit 0' ? output.trim() : undefined;
  };
  return {
    revision: async (signal) => {
      try {
        const commit = await git(['rev-parse', '--verify', 'HEAD'], signal);
        if (commit === undefined) return undefined;
        const filters = await git(['config', '-z', '--name-only', '--get-regexp', '^filter[.]'], signal);
        const off = (filters ?? '').split('\0').map((name) => [name, ''] as const);
        const changes = await git([...STATUS, `:(literal)${pathspec}`], signal, off.slice(0, -1));
        return changes === undefined ? undefined : { commit, dirty: changes !== '' };
      } catch {
        return undefined; // no git, no tree, or the run was stopped
      }
    },
  };
}

/** Adds settings to those in the environment. In arguments a name could not hold `=`. */
function withConfig(env: Environment, config: Config): Environment {
  const before = Number(env['GIT_CONFIG_COUNT'] ?? 0);
  const added = config.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${before + index}`, name],
    [`GIT_CONFIG_VALUE_${before + index}`, value],
  ]);
  return { ...env, ...Object.fromEntries(added), GIT_CONFIG_COUNT: String(before + config.length) };
}
