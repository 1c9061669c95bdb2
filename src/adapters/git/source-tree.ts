import { basename, dirname } from 'node:path';
import { runProgram } from '../../base/run-program.ts';
import type { SourceTree } from '../../ports/source-tree.ts';

/** Milliseconds: a plan does without the revision of a tree that takes longer. */
const LIMIT = 10_000;

/** Nothing that the tree configures is run, and its index is not refreshed. */
const READ_ONLY = ['--no-optional-locks', '-c', 'core.fsmonitor=false'];

export type ManifestPath =
  | { readonly kind: 'plain'; readonly file: string }
  | { readonly kind: 'thin'; readonly directory: string };

/** The git tree that a manifest, or a directory of manifests, is in. */
export function createGitTree(
  manifests: ManifestPath,
  env: Readonly<Record<string, string | undefined>>,
): SourceTree {
  const [directory, pathspec] =
    manifests.kind === 'thin'
      ? [manifests.directory, '.']
      : [dirname(manifests.file), basename(manifests.file)];
  const git = async (args: readonly string[], signal: AbortSignal) => {
    const call = { program: 'git', args: ['-C', directory, ...READ_ONLY, ...args], env, input: '' };
    const { end, output } = await runProgram({ ...call, limit: LIMIT, signal });
    return end === 'exit 0' ? output.trim() : undefined;
  };
  return {
    revision: async (signal) => {
      try {
        const commit = await git(['rev-parse', '--verify', 'HEAD'], signal);
        if (commit === undefined) return undefined;
        const changes = await git(['status', '--porcelain', '--', `:(literal)${pathspec}`], signal);
        return changes === undefined ? undefined : { commit, dirty: changes !== '' };
      } catch {
        return undefined; // no git, no tree, or the run was stopped
      }
    },
  };
}
