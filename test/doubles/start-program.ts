import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool, type ToolName } from './tools.ts';
import { freePort, poll } from './waiting.ts';

/** A program that listens on 127.0.0.1. */
export interface RunningProgram {
  readonly port: number;
  stop(): Promise<void>;
}

/** The arguments of a program that is to listen on a port. The directory is its own, and removed with it. */
export type MakeArguments = (port: number, directory: string) => readonly string[];

const START_LIMIT_MS = 15_000;
const ATTEMPTS = 5;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const one of running) one.kill('SIGKILL');
});

/** Starts a program on a free port. Throws where it is missing, or does not listen after several attempts. */
export async function startProgram(tool: ToolName, makeArguments: MakeArguments): Promise<RunningProgram> {
  const path = findTool(tool);
  if (path === undefined) throw new Error(`${tool} not found: run scripts/install-test-tools.sh`);
  for (let attempt = 1; ; attempt++) {
    const directory = mkdtempSync(join(tmpdir(), `cip-${tool}-`));
    const port = await freePort(); // another process may take it first
    const child = spawn(path, makeArguments(port, directory), { stdio: ['ignore', 'ignore', 'pipe'] });
    running.add(child);
    let errors = '';
    child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
    const stop = () => end(child, directory);
    const isSettled = async () => child.exitCode !== null || (await listens(port));
    if ((await poll(START_LIMIT_MS, isSettled)) && child.exitCode === null) return { port, stop };
    await stop();
    if (attempt === ATTEMPTS) throw new Error(`${tool} did not start: ${errors}`);
  }
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  running.delete(child);
  rmSync(directory, { recursive: true, force: true });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
