import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runAction } from './run-action.ts';

// The step of action.yml. It runs as dist/action.js, beside bin/.

const STDOUT = 1;
/** Unusable inputs, as in cip. */
const UNUSABLE = 2;

const write = (text: string) => writeSync(STDOUT, text);
const program = fileURLToPath(new URL('../bin/cip.js', import.meta.url));
try {
  process.exitCode = await runAction({ env: process.env, fetch, program, write });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  write(`::error::cip action: ${message.replaceAll(/[\r\n]/g, ' ')}\n`);
  process.exitCode = UNUSABLE;
}
