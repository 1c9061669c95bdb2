import type { SourceTree } from '../../ports/source-tree.ts';
import { type Environment, type ManifestPath, placeOf, runGit } from './git.ts';

/** Milliseconds: a plan does without the revision of a tree that takes longer. */
const LIMIT = 10_000;

/** The git tree that a manifest, or a directory of manifests, is in. */
export function createGitTree(manifests: ManifestPath, env: Environment): SourceTree {
  const { directory, pathspec } = placeOf(manifests);
  const git = async (args: readonly string[], signal: AbortSignal) => {
    const { end, output } = await runGit({ directory, args, env, limit: LIMIT, signal });
    return end === 'exit 0' ? output.toString().trim() : undefined;
  };
  return {
    revision: async (signal) => {
      try {
        const commit = await git(['rev-parse', '--verify', 'HEAD'], signal);
        if (commit === undefined) return undefined;
        const changes = await git(['status', '--porcelain', '--', pathspec], signal);
        return changes === undefined ? undefined : { commit, dirty: changes !== '' };
      } catch {
        return undefined; // no git, no tree, or the run was stopped
      }
    },
  };
}
