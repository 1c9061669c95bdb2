import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { image, push } from '../builders/images.ts';
import { FakeTerminal } from '../doubles/fake-terminal.ts';
import { temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { holdingProxy } from './holding-proxy.ts';
import { embedded, manifestFlag } from './staging.ts';

const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
if (!hasScript) console.error('no script(1) of util-linux, so not tested: the progress on a terminal');

describe.skipIf(!hasScript)('a run on a terminal', () => {
  it('shows where it is while a request takes its time, and leaves its log and its tables', async () => {
    const staging = await embedded();
    const production = await embedded();
    const proxy = await holdingProxy(production.host);
    const digest = push(staging, 'staging/app', image({ seed: 'one' }), 'v1');
    const flag = await manifestFlag({
      from: `${staging.host}/staging`,
      to: [`${proxy.host}/prod`],
      images: { app: { [digest]: ['v1'] } },
    });
    const held = proxy.hold(/^PUT .*\/manifests\/v1$/);
    const run = runOnTerminal([flag, '-confirm']);
    await held.arrived;
    await run.shows(/^promoting 1\/1 \(100%\)/);
    held.release();
    expect(await run.ended).toBe(0);
    const screen = run.terminal.screen.join('\n');
    expect(screen).not.toContain('promoting');
    expect(screen).toMatch(/^INFO {4}manifests read .*\n(?:INFO .*\n)+\ndecision +edges/);
  });
});

/** The program on a terminal of 400 columns that nobody types at. */
function runOnTerminal(args: readonly string[]) {
  const terminal = new FakeTerminal(400);
  const bin = join(repositoryRoot(), 'bin/cip.js');
  const call = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qfec', `stty columns 400; ${call}`, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: temporaryDirectory(), TERM: 'xterm' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdout.setEncoding('utf8').on('data', (text: string) => terminal.write(text));
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const shows = (pattern: RegExp) =>
    new Promise<void>((done, reject) => {
      child.stdout.on('data', () => terminal.screen.some((line) => pattern.test(line)) && done());
      child.once('close', () =>
        reject(new Error(`ended without ${String(pattern)}: ${terminal.screen.join('\n')}`)),
      );
    });
  return { terminal, ended, shows };
}
