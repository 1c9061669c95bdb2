import { execFileSync } from 'node:child_process';
import type { Env } from './github-event.ts';

/** The variables by which a workflow chooses the base itself. */
const CHOSEN = ['CIP_MANIFEST_DIFF_BASE', 'CIP_MANIFEST_DIFF_SINCE'];

const ADVICE =
  'everything is checked, not only the changes of this pull request: the checkout lacks the history; set "fetch-depth: 0"';

/**
 * The flags that limit the dry run of a pull request to its changes. None, with a notice, if the checkout lacks the
 * commits to compare with: `actions/checkout` fetches one commit by default.
 */
export function changedOnlyFlags(
  directory: string,
  { env, write }: { readonly env: Env; readonly write: (text: string) => unknown },
): readonly string[] {
  const branch = env['GITHUB_BASE_REF'];
  if (!branch || CHOSEN.some((name) => env[name])) return [];
  if (hasBase(directory, branch)) return ['-manifest-diff-base=auto'];
  write(`::notice::${ADVICE}\n`);
  return [];
}

/** Another user may own the tree, as in a container. */
function hasBase(directory: string, branch: string): boolean {
  const args = ['-c', 'safe.directory=*', '-C', directory, 'merge-base', 'HEAD', `origin/${branch}`];
  try {
    execFileSync('git', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
