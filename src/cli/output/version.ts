import { type Stdio, writeTo } from './stdio.ts';

declare const CIP_VERSION: string | undefined;
declare const CIP_COMMIT: string | undefined;

/** The version that the build was given; run from source there is none. */
export const VERSION = typeof CIP_VERSION === 'string' ? CIP_VERSION : 'from source';

const PLATFORM = `${process.platform}/${process.arch}`;
const COMMIT = typeof CIP_COMMIT === 'string' ? CIP_COMMIT : '';

/** Prints the version: in lines, or as JSON with the names that kpromo has for the same facts. The exit code is 0. */
export async function printVersion(stdio: Stdio, format: 'text' | 'json' = 'text'): Promise<number> {
  await writeTo(stdio.out, format === 'json' ? renderJson() : renderText());
  return 0;
}

function renderJson(): string {
  const facts = {
    gitVersion: VERSION,
    ...(COMMIT === '' ? {} : { gitCommit: COMMIT }),
    nodeVersion: process.version,
    platform: PLATFORM,
  };
  return `${JSON.stringify(facts, undefined, 2)}\n`;
}

function renderText(): string {
  const commit = COMMIT === '' ? 'unknown' : COMMIT;
  return `Version:  ${VERSION}\nCommit:   ${commit}\nNode:     ${process.version}\nPlatform: ${PLATFORM}\n`;
}
