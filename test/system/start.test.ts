import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { image, push } from '../builders/images.ts';
import { readableCopy, runCip, startNode, temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { embedded, manifestFlag } from './staging.ts';

// What a start costs: the modules that run, their code, and the code cache.

describe('a start', () => {
  it('runs the modules of a library only when it needs them', async () => {
    const flag = await oneImage();
    expect(await librariesRunBy(['-version'])).toEqual([]);
    expect(await librariesRunBy(['-help'])).toEqual(['commander']);
    const libraries = ['commander', 'js-yaml', 'p-limit', 'yocto-queue'];
    expect(await librariesRunBy([flag, '-parse-only'])).toEqual(libraries);
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
  ])(
    'with $args runs at most $modules modules and $kilobytes KB of code',
    async ({ args, modules, kilobytes }) => {
      const isAlone = args[0] === '-version' || args[0] === '-help';
      const run = await codeRunBy(isAlone ? args : [await oneImage(), ...args]);
      expect(run.modules.length).toBeLessThanOrEqual(modules);
      expect(run.bytes / 1000).toBeLessThanOrEqual(kilobytes);
    },
  );
});

const CODE_CACHE = `cip-${process.version}-${process.arch}.cache`;

describe('the code cache', () => {
  it('is accepted by the Node that wrote it', async () => {
    expect(await rejectionIn(repositoryRoot())).toBe('false');
  });

  it.each([
    ['it is missing', (dist: string) => rmSync(join(dist, CODE_CACHE))],
    ['it is empty', (dist: string) => truncateSync(join(dist, CODE_CACHE))],
    ['it is cut off', (dist: string) => truncateSync(join(dist, CODE_CACHE), 1_000_000)],
    ['it is damaged', (dist: string) => edit(join(dist, CODE_CACHE), (bytes) => bytes.fill(0, 1_000_000))],
    [
      'the program is another',
      (dist: string) => edit(join(dist, 'cip.cjs'), (bytes) => bytes.write('USE', 1)),
    ],
  ])('is not used if %s, and a promotion succeeds', async (_, change) => {
    const root = readableCopy();
    change(join(root, 'dist'));
    expect(await rejectionIn(root)).toBe('undefined');
    const args = [await oneImage(), '-confirm', '-quiet'];
    const { status, stderr } = await startNode([join(root, 'bin/cip.js'), ...args]).ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('1 copied, 0 failed') });
  });
});

/** Changes bytes of a file, not their number. */
function edit(file: string, change: (bytes: Buffer) => unknown): void {
  const bytes = readFileSync(file);
  change(bytes);
  writeFileSync(file, bytes);
}

/** The flag of a manifest that promotes one image from `staging` to `prod`. */
async function oneImage(): Promise<string> {
  const { host, store } = await embedded();
  const digest = push(store, 'staging/app', image({ seed: 'one' }), 'v1');
  const images = { app: { [digest]: ['v1'] } };
  return manifestFlag({ from: `${host}/staging`, to: [`${host}/prod`], images });
}

/** Whether V8 rejects the code cache below a root: `true`, `false`, or `undefined` if it is not used. */
async function rejectionIn(root: string): Promise<string> {
  const code = `const { loadProgram } = await import(${JSON.stringify(join(root, 'bin/start.js'))});
console.log(loadProgram(${JSON.stringify(join(root, 'dist'))}).script.cachedDataRejected);`;
  const { stdout, stderr } = await startNode(['--input-type=module', '--eval', code]).ended;
  expect(stderr).toBe('');
  return stdout.trim();
}

/** The libraries of which a run has executed modules, sorted. */
async function librariesRunBy(args: readonly string[]): Promise<string[]> {
  const { modules, files } = await codeRunBy(args);
  const names = modules.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return Array.from(new Set([...names, ...files])).toSorted();
}

/**
 * What V8's coverage says of a run: the modules and late libraries that it executed, and the bytes of the functions that ran.
 * In the bundle, the function of a module has the module's path as its name.
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

/** The call count of each function and its size in bytes, without nested functions. */
function ownBytes(functions: readonly CoveredFunction[]): { count: number; bytes: number }[] {
  const open: { end: number; bytes: number }[] = [];
  return functions
    .map(({ ranges: [whole] }) => whole)
    .toSorted((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset)
    .map(({ startOffset, endOffset: end, count }) => {
      while ((open.at(-1)?.end ?? end) <= startOffset) open.pop();
      const own = { count, end, bytes: end - startOffset };
      const parent = open.at(-1);
      if (parent !== undefined) parent.bytes -= own.bytes;
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
