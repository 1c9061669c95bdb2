import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PromotionReport } from '../../src/report/report.ts';
import { repositoryRoot } from './tools.ts';

/** What a run of the program has left behind. */
export interface CipRun {
  /** The exit code; null where a signal killed it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it wrote to the file of `-report=FILE`, or to stdout where that was asked for; undefined where there is none. */
  readonly report: PromotionReport | undefined;
}

export interface CipOptions {
  /** Default: cip. */
  readonly program?: 'cip' | 'kpromo' | 'cip-mm' | 'cip-auditor';
  /** Added to an environment that has a PATH, an empty HOME and nothing else; undefined takes away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: an empty directory. */
  readonly cwd?: string;
  /** What it reads from stdin. Default: nothing, and no stdin either. */
  readonly input?: string;
  /** Runs it as another user, which only root may. */
  readonly uid?: number;
  /** Its time limits of a second and more pass when `passTime` is called, and not before. */
  readonly time?: 'held';
}

/** A process under way. It is killed where the running test ends before it does. */
export interface RunningCip {
  readonly pid: number;
  /** Resolves when it has ended and its output is whole. */
  readonly ended: Promise<CipRun>;
  /** Resolves to all that it has said when it says this, on either stream; rejects where it ends without. */
  says(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Lets every time limit pass that runs now. For `time: 'held'`, once the program has said something. */
  passTime(): void;
}

const HELD_TIMERS = join(import.meta.dirname, 'held-timers.js');

/** Runs the program as a user would, to its end. */
export function runCip(args: readonly string[], options: CipOptions = {}): Promise<CipRun> {
  return startCip(args, options).ended;
}

/** The same with a JSON report in a file of its own. Throws where none was written. */
export async function runWithReport(
  args: readonly string[],
  options: CipOptions = {},
): Promise<CipRun & { readonly report: PromotionReport }> {
  const run = await startWithReport(args, options).ended;
  if (run.report === undefined) throw new Error(`no report, exit ${run.status}: ${run.stderr}`);
  return { ...run, report: run.report };
}

export function startWithReport(args: readonly string[], options: CipOptions = {}): RunningCip {
  return startCip([...args, `-report=${join(temporaryDirectory(), 'report.json')}`], options);
}

export function startCip(args: readonly string[], options: CipOptions = {}): RunningCip {
  const root = options.uid === undefined ? repositoryRoot() : readableCopy();
  return startNode([join(root, 'bin', `${options.program ?? 'cip'}.js`), ...args], options);
}

/** The program where any user may read it: a clone may stand in a directory of its owner alone. */
export function readableCopy(): string {
  const directory = temporaryDirectory();
  for (const part of ['bin', 'dist', 'package.json']) {
    cpSync(join(repositoryRoot(), part), join(directory, part), { recursive: true });
  }
  chmodSync(directory, 0o755);
  return directory;
}

/** Starts a script with node, in the same bare environment. Throws where the program has not been built. */
export function startNode(args: readonly string[], options: CipOptions = {}): RunningCip {
  if (!existsSync(join(repositoryRoot(), 'dist'))) throw new Error('there is no dist: npm run build first');
  const held = options.time === 'held' ? [`--import=${HELD_TIMERS}`] : [];
  return startProgram(process.execPath, [...held, ...args], options);
}

/** Starts any program in the same bare environment. */
export function startProgram(program: string, args: readonly string[], options: CipOptions = {}): RunningCip {
  const { env = {}, cwd, uid, input } = options;
  const place = cwd ?? temporaryDirectory();
  const child = spawn(program, args, {
    cwd: place,
    env: { PATH: process.env['PATH'], HOME: temporaryDirectory(), ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  child.stdin?.end(input);
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = collectOutput(child);
  const status = new Promise<number | null>((done) => child.once('close', done));
  return {
    pid: child.pid,
    ended: status.then((code) => ({
      status: code,
      ...output,
      report: readReport(args, place, output.stdout),
    })),
    says: (pattern) => waitFor(child, pattern, output),
    kill: (signal) => void child.kill(signal),
    passTime: () => void child.kill('SIGUSR2'),
  };
}

/** An empty directory, removed when the running test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'run-cip-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Output {
  stdout: string;
  stderr: string;
}

function collectOutput(child: ChildProcess): Output {
  const output: Output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  return output;
}

function waitFor(child: ChildProcess, pattern: RegExp, output: Output): Promise<string> {
  return new Promise((done, reject) => {
    const look = () => {
      const said = output.stdout + output.stderr;
      if (said.search(pattern) !== -1) done(said);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('close', () => reject(new Error(`ended without ${String(pattern)}: ${output.stderr}`)));
    look();
  });
}

function readReport(args: readonly string[], cwd: string, stdout: string): PromotionReport | undefined {
  const target = args.map((argument) => /^--?report=(.+)$/.exec(argument)?.[1]).findLast(Boolean);
  if (target === '-' || args.includes('-json-log-summary')) return parseReport(stdout);
  if (target === undefined || !existsSync(resolve(cwd, target))) return undefined;
  if (!statSync(resolve(cwd, target)).isFile()) return undefined;
  return parseReport(readFileSync(resolve(cwd, target), 'utf8'));
}

function parseReport(text: string): PromotionReport | undefined {
  if (text.trim() === '') return undefined;
  const report: PromotionReport = JSON.parse(text);
  return report;
}
