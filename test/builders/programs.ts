import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testdir } from './testdir.ts';

/**
 * Puts shell scripts into a directory, by name. Another process writes them: a file that this one has open for writing
 * while another test starts a program cannot be run (ETXTBSY).
 */
export async function programs(directory: string, scripts: Readonly<Record<string, string>>): Promise<void> {
  const texts = Object.entries(scripts).map(([name, script]) => [name, `#!/bin/sh\n${script}\n`]);
  const drafts = await testdir(Object.fromEntries(texts));
  for (const [name = ''] of texts) {
    await promisify(execFile)('install', ['-m', '755', join(drafts, name), join(directory, name)]);
  }
}
