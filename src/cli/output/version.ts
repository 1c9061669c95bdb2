import { type Stdio, writeTo } from './stdio.ts';

declare const CIP_VERSION: string | undefined;
declare const CIP_COMMIT: string | undefined;

/** The version that the build was given; run from source there is none. */
export const VERSION = typeof CIP_VERSION === 'string' ? CIP_VERSION : 'from source';

const COMMIT = typeof CIP_COMMIT === 'string' ? CIP_COMMIT : '';

/** Prints the version; the exit code is 0. */
export async function printVersion(stdio: Stdio): Promise<number> {
  await writeTo(stdio.out, renderVersion());
  return 0;
}

/** The same as JSON, with the names that kpromo gives what both have; the exit code is 0. */
export async function printVersionJson(stdio: Stdio): Promise<number> {
  const facts = {
    gitVersion: VERSION,
    ...(COMMIT === '' ? {} : { gitCommit: COMMIT }),
    nodeVersion: process.version,
    platform: `${process.platform}/${process.arch}`,
  };
  await writeTo(stdio.out, `${JSON.stringify(facts, undefined, 2)}\n`);
  return 0;
}

/** What `-version` prints: labels and values in columns. */
export function renderVersion(): string {
  const rows = [
    ['Version:', VERSION],
    ['Commit:', COMMIT === '' ? 'unknown' : COMMIT],
    ['Node:', process.version],
    ['Platform:', `${process.platform}/${process.arch}`],
  ];
  return rows.map(([label = '', value = '']) => `${label.padEnd(10)}${value}\n`).join('');
}
