import type { SourceTree } from '../../ports/source-tree.ts';
import { type Config, type Environment, type ManifestPath, placeOf, runGit, withConfig } from './git.ts';

/** Milliseconds: a plan does without the revision of a tree that takes longer. */
const LIMIT = 10_000;

/** Filters are switched off too. Submodules have their own, so git does not read the files of a submodule. */
const STATUS = ['status', '--porcelain', '--ignore-submodules=dirty', '--'];

/** The git tree that a manifest, or a directory of manifests, is in. */
export function createGitTree(manifests: ManifestPath, env: Environment): SourceTree {
  const { directory, pathspec } = placeOf(manifests);
  const git = async (args: readonly string[], signal: AbortSignal, config: Config = []) => {
    const call = { directory, args, env: withConfig(env, config), limit: LIMIT, signal };
    const { end, output } = await runGit(call);
    return end === 'exit 0' ? output.toString().trim() : undefined;
  };
  return {
    revision: async (signal) => {
      try {
        const commit = await git(['rev-parse', '--verify', 'HEAD'], signal);
        if (commit === undefined) return undefined;
        const filters = await git(['config', '-z', '--name-only', '--get-regexp', '^filter[.]'], signal);
        const off = (filters ?? '').split('\0').map((name) => [name, ''] as const);
        const changes = await git([...STATUS, pathspec], signal, off.slice(0, -1));
        return changes === undefined ? undefined : { commit, dirty: changes !== '' };
      } catch {
        return undefined; // no git, no tree, or the run was stopped
      }
    },
  };
}
