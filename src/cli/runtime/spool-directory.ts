import { tmpdir } from 'node:os';

/** Where systems keep temporary files that are large; /tmp is often in memory. An empty `TMPDIR` is none. */
export function spoolDirectory(env: NodeJS.ProcessEnv): string {
  return env['TMPDIR'] || (process.platform === 'win32' ? tmpdir() : '/var/tmp');
}
