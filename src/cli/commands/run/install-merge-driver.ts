import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../../adapters/git/git.ts';
import type { Log } from '../../../ports/log.ts';
import { InputError } from '../../flags/usage-error.ts';
import { writeReportFile } from '../../output/report-file.ts';
import { resolveTarget } from '../../output/report-target.ts';
import { runLocalGit } from '../../runtime/local-git.ts';

/** Git takes our side as the result of a driver that does not exist, so the other side would be lost. */
const DRIVER =
  'if command -v cip >/dev/null; then cip merge-driver %O %A %B %P; ' +
  'else echo "cip is not in PATH: merged by lines" >&2; git merge-file -L ours -L base -L theirs %A %O %B; fi';

/** The configuration of git. `cip` is found in PATH. */
const CONFIGURATION = [
  ['merge.cip.name', 'lists of images, merged by cip'],
  ['merge.cip.driver', DRIVER],
] as const;

const ATTRIBUTE = 'images.yaml merge=cip';

/** Tells git to merge lists of images with `cip merge-driver`: a second time changes nothing. */
export async function installMergeDriver(
  { isGlobal }: { readonly isGlobal: boolean },
  { env, log }: { readonly env: Environment; readonly log: Log },
): Promise<number> {
  const top = await runLocalGit(['rev-parse', '--show-toplevel'], env).catch((error: unknown) => {
    if (isGlobal && error instanceof InputError) return undefined;
    throw error;
  });
  const scope = isGlobal ? '--global' : '--local';
  for (const [key, value] of CONFIGURATION) await configure(key, value, { scope, env, log });
  if (top === undefined) {
    log.write('info', `no repository here: add "${ATTRIBUTE}" to .gitattributes of your repositories`);
    return 0;
  }
  await addAttribute(join(top.output.toString().replace(/\n$/, ''), '.gitattributes'), log);
  return 0;
}

async function configure(
  key: string,
  value: string,
  { scope, env, log }: { readonly scope: string; readonly env: Environment; readonly log: Log },
): Promise<void> {
  const old = await runLocalGit(['config', scope, '--get', key], env);
  if (old.output.toString().trim() === value) return log.write('info', `already set: ${key}`);
  const run = await runLocalGit(['config', scope, key, value], env);
  if (run.end !== 'exit 0') throw new InputError(`git config ${key}: ${run.stderr.trim()}`);
  log.write('info', `set in the configuration of git (${scope.slice(2)}): ${key} = ${value}`);
}

async function addAttribute(path: string, log: Log): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  if (text.split(/\r?\n/).some((line) => line.trim() === ATTRIBUTE))
    return log.write('info', `already there: "${ATTRIBUTE}" in ${path}`);
  const target = await resolveTarget(path);
  if (!('kind' in target) || target.kind !== 'file') throw new InputError(`${path} cannot be written`);
  const open = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  await writeReportFile(target, () => [`${open}${ATTRIBUTE}\n`]);
  log.write('info', `added "${ATTRIBUTE}" to ${path}: commit it`);
}
