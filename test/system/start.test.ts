import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { image, push } from '../builders/images.ts';
import { runCip, startNode, temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { embedded, manifestFlag } from './staging.ts';

// What a start costs: the modules that run, their code, and the code cache.

describe('the modules of a start', () => {
  it('are those of a heavy library when it is needed, and not before', async () => {
    const flag = await oneImage();
    expect(await librariesRunBy(['-version'])).toEqual([]);
    expect(await librariesRunBy(['-help'])).toEqual(['commander']);
    const libraries = ['commander', 'js-yaml', 'p-limit', 'yocto-queue'];
    expect(libraries).toEqual(expect.arrayContaining(await librariesRunBy([flag, '-parse-only'])));
    expect(await librariesRunBy([flag])).toEqual(libraries);
    expect(await librariesRunBy([flag, '-confirm'])).toEqual(libraries);
    const plan = join(temporaryDirectory(), 'plan.json');
    expect(await librariesRunBy([flag, '-plan-out', plan])).toContain('zod');
  });

  it.each([
    { args: ['-version'], modules: 6, kilobytes: 80 },
    { args: ['-help'], modules: 150, kilobytes: 172 },
    { args: ['-parse-only'], modules: 345, kilobytes: 340 },
    { args: ['-confirm'], modules: 460, kilobytes: 500 },
  ])('of $args are at most $modules, with $kilobytes KB that run', async ({ args, modules, kilobytes }) => {
    const isAlone = args[0] === '-version' || args[0] === '-help';
    const run = await codeRunBy(isAlone ? args : [await oneImage(), ...args]);
    expect(run.modules.length).toBeLessThanOrEqual(modules);
    expect(run.bytes / 1000).toBeLessThanOrEqual(kilobytes);
  });
});

describe('the code cache', () => {
  it('is taken by the Node that has built it', async () => {
    expect(await rejectionIn(join(repositoryRoot(), 'dist'))).toBe('false\n');
  });

  it.each([
    ['is missing', (cache: string) => rmSync(cache)],
    ['is of another build', (cache: string) => cpSync(join(repositoryRoot(), 'package.json'), cache)],
  ])('makes no difference to what is done if it %s', async (_, change) => {
    const root = temporaryDirectory();
    for (const part of ['bin', 'dist', 'package.json'])
      cpSync(join(repositoryRoot(), part), join(root, part), { recursive: true });
    change(join(root, 'dist', cacheNameIn(join(root, 'dist'))));
    expect(await rejectionIn(join(root, 'dist'))).not.toBe('false\n');
    const args = [await oneImage(), '-confirm', '-quiet'];
    const { status, stderr } = await startNode([join(root, 'bin/cip.js'), ...args]).ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('1 copied, 0 failed') });
  });
});

/** The flag of a manifest that wants an image, which a registry has in `staging`, in `prod`. */
async function oneImage(): Promise<string> {
  const { host, store } = await embedded();
  const digest = push(store, 'staging/app', image({ seed: 'one' }), 'v1');
  const images = { app: { [digest]: ['v1'] } };
  return manifestFlag({ from: `${host}/staging`, to: [`${host}/prod`], images });
}

function cacheNameIn(dist: string): string {
  const name = readdirSync(dist).find((file) => file.endsWith('.cache'));
  if (name === undefined) throw new Error('the build has no code cache');
  return name;
}

/** Whether V8 rejects the code cache of a build: `false`, `true`, or `undefined` where there is none. */
async function rejectionIn(dist: string): Promise<string> {
  const code = `const { loadProgram } = await import(${JSON.stringify(join(repositoryRoot(), 'bin/start.js'))});
console.log(loadProgram(${JSON.stringify(dist)}).script.cachedDataRejected);`;
  const { stdout, stderr } = await startNode(['--input-type=module', '--eval', code]).ended;
  expect(stderr).toBe('');
  return stdout;
}

/** The libraries of which a run has executed modules, sorted. */
async function librariesRunBy(args: readonly string[]): Promise<string[]> {
  const { modules, files } = await codeRunBy(args);
  const names = modules.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return Array.from(new Set([...names, ...files])).toSorted();
}

/**
 * The modules that a run has executed, the bytes of its functions, and the other files of the build, by V8's own count. The
 * bundle names its modules.
 */
async function codeRunBy(
  args: readonly string[],
): Promise<{ modules: string[]; bytes: number; files: string[] }> {
  const directory = temporaryDirectory();
  const { status, stderr } = await runCip(args, { env: { NODE_V8_COVERAGE: directory } });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const scripts = readdirSync(directory).flatMap((name) => {
    const { result }: Coverage = JSON.parse(readFileSync(join(directory, name), 'utf8'));
    return result;
  });
  const functions = scripts.find(({ url }) => url === 'dist/cip.cjs')?.functions ?? [];
  const run = functions.filter(({ ranges: [whole] }) => whole.count > 0);
  return {
    modules: run
      .map(({ functionName }) => functionName)
      .filter((name) => /^(?:src|node_modules)\//.test(name)),
    files: scripts.flatMap(({ url }) => /^file:.*\/dist\/([\w-]+)[.]cjs$/.exec(url)?.[1] ?? []),
    bytes: ownBytes(functions).reduce((sum, { count, bytes }) => sum + (count > 0 ? bytes : 0), 0),
  };
}

/** The count of each function, and its bytes without those of the functions in it. */
function ownBytes(functions: readonly CoveredFunction[]): { count: number; bytes: number }[] {
  const open: { end: number; bytes: number }[] = [];
  return functions
    .map(({ ranges: [whole] }) => whole)
    .toSorted((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset)
    .map(({ startOffset, endOffset: end, count }) => {
      while ((open.at(-1)?.end ?? end) <= startOffset) open.pop();
      const own = { count, end, bytes: end - startOffset };
      const around = open.at(-1);
      if (around !== undefined) around.bytes -= own.bytes;
      open.push(own);
      return own;
    });
}

interface Coverage {
  readonly result: readonly { readonly url: string; readonly functions: readonly CoveredFunction[] }[];
}

interface CoveredFunction {
  readonly functionName: string;
  /** The first is the whole function. */
  readonly ranges: readonly [
    { readonly startOffset: number; readonly endOffset: number; readonly count: number },
  ];
}
