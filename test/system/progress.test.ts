// Covers src/cli/progress/run-progress.ts

import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
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
    const { run, held } = await heldRun();
    await run.shows(/^promoting 0\/1 images, (\d\.\d)\/\1 kB/m);
    held.release();
    expect(await run.ended).toBe(0);
    expect(run.screen()).not.toContain('promoting');
    expect(stripVTControlCharacters(run.screen())).toMatch(
      /^Plan: 1 image to 1 destination: .*\n\S+Z copied \S+: v1 \(.*\)\n\ndecision +edges/,
    );
  });

  it('shows nothing any more once it is told to stop, and what it is doing instead', async () => {
    const { run, held } = await heldRun();
    await run.shows(/^promoting/m);
    run.type('\u0003');
    await run.shows(/^WARNING stopping: /m);
    await run.shows(/^(?![\s\S]*promoting)/);
    held.release();
    expect(await run.ended).toBe(130);
    expect(run.screen()).not.toContain('promoting');
  });
});

/** A promotion that is held before its last request. */
async function heldRun() {
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
  return { run, held };
}

/** The program on a terminal of 400 columns. */
function runOnTerminal(args: readonly string[]) {
  const terminal = new FakeTerminal(400);
  const bin = join(repositoryRoot(), 'bin/cip.js');
  const call = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qfec', `stty columns 400; ${call}`, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: temporaryDirectory(), TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdout.setEncoding('utf8').on('data', (text: string) => terminal.write(text));
  const screen = () => terminal.screen.join('\n');
  return {
    screen,
    ended: new Promise<number | null>((done) => child.once('close', done)),
    type: (text: string) => child.stdin.write(text),
    /** Resolves when the whole of what it shows meets the pattern. */
    shows: (pattern: RegExp) =>
      new Promise<void>((done, reject) => {
        const look = () => screen().search(pattern) !== -1 && done();
        child.stdout.on('data', look);
        child.once('close', () => reject(new Error(`ended without ${String(pattern)}: ${screen()}`)));
        look();
      }),
  };
}
