import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Stdio, writeTo } from './stdio.ts';

declare const CIP_VERSION: string | undefined;

/** The version that the build was given; run from source there is none. */
export const VERSION = typeof CIP_VERSION === 'string' ? CIP_VERSION : 'from source';

/** What the build wrote beside the program: `scripts/build.js`. */
interface BuildFacts {
  readonly commit?: string;
  /** Whether files differed from the commit, or were not in it. */
  readonly dirty?: boolean;
  /** ISO 8601, UTC. */
  readonly date?: string;
}

const PLATFORM = `${process.platform}/${process.arch}`;
const UNKNOWN = 'unknown';

/** Prints the version: in lines, or as JSON with the names that kpromo has for the same facts. The exit code is 0. */
export async function printVersion(stdio: Stdio, format: 'text' | 'json'): Promise<number> {
  const facts = readBuildFacts(join(import.meta.dirname, 'build.json'));
  await writeTo(stdio.out, format === 'json' ? renderJson(facts) : renderText(facts));
  return 0;
}

/** The facts of the build; none for a program that runs from source. */
export function readBuildFacts(file: string): BuildFacts {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

function renderJson(facts: BuildFacts): string {
  const version = {
    gitVersion: VERSION,
    gitCommit: facts.commit ?? UNKNOWN,
    gitTreeState: treeStateOf(facts),
    buildDate: facts.date ?? UNKNOWN,
    nodeVersion: process.version,
    platform: PLATFORM,
  };
  return `${JSON.stringify(version, undefined, 2)}\n`;
}

function renderText(facts: BuildFacts): string {
  const { commit = UNKNOWN, date = UNKNOWN } = facts;
  return [
    `Version:  ${VERSION}`,
    `Commit:   ${commit}`,
    `Tree:     ${treeStateOf(facts)}`,
    `Built:    ${date}`,
    `Node:     ${process.version}`,
    `Platform: ${PLATFORM}`,
    '',
  ].join('\n');
}

function treeStateOf({ dirty }: BuildFacts): 'clean' | 'dirty' | 'unknown' {
  if (dirty === undefined) return UNKNOWN;
  return dirty ? 'dirty' : 'clean';
}
