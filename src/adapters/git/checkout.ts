import type { Checkout } from '../../ports/clone.ts';
import type { Environment } from './git.ts';
import { openRepository } from './repository.ts';

/** Reads the place of a directory in its working tree. Throws a `HistoryError` if it is in none. */
export async function readCheckout(
  directory: string,
  env: Environment,
  signal: AbortSignal,
): Promise<Checkout> {
  const { top, prefix, ask } = await openRepository({ directory, env }, signal);
  const urlOf = async (remote: string) => {
    const { end, output } = await ask(['config', '--get', `remote.${remote}.url`], signal);
    return end === 'exit 0' ? output.toString().trim() : undefined;
  };
  return { top, prefix, remoteUrl: (await urlOf('upstream')) ?? (await urlOf('origin')) };
}
