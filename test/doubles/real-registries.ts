import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import {
  type LoggedRequest,
  type Place,
  REGISTRY_PROGRAMS,
  type RegistryKind,
  type RegistryProgram,
} from './registry-programs.ts';
import { findTool, runTool } from './tools.ts';
import { freePort, poll } from './waiting.ts';

export interface RealRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly kind: RegistryKind;
  /** As the program says it. */
  readonly version: string;
  /** The directory of its data. */
  readonly data: string;
  /** The number of requests so far, by its own log, or undefined where it keeps none. */
  requests(): Promise<number | undefined>;
  /** The requests so far, in the order of its log, or undefined where it keeps none. */
  requestLog(): Promise<readonly LoggedRequest[] | undefined>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface RealRegistryOptions {
  /** Keep blobs in memory, where the program can. Default false: on the disk. */
  readonly memory?: boolean;
  /** Remember descriptors of blobs, as distribution can. Default true. */
  readonly cache?: boolean;
  /** The section `auth` of distribution's configuration, as YAML. Default: everyone is let in. */
  readonly auth?: string;
}

const START_ATTEMPTS = 5;
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5000;
const LOG_LIMIT_MS = 5000;
const MAX_ERROR_LINES = 20;

const running = new Set<Running>();
process.on('exit', () => {
  for (const one of running) one.kill();
});

/** Starts a registry on a free port of the loopback device. Throws where the program is missing or does not answer. */
export async function startRealRegistry(
  kind: RegistryKind,
  options: RealRegistryOptions = {},
): Promise<RealRegistry> {
  const version = await versionOf(kind);
  for (let attempt = 1; ; attempt++) {
    const { memory = false, cache = true, auth } = options;
    const one = new Running(kind, version, { port: await freePort(), memory, cache, auth });
    running.add(one);
    try {
      await one.ready();
      return one;
    } catch (error) {
      await one.stop();
      const clash = /address already in use/.test(String(error));
      if (!clash || attempt === START_ATTEMPTS) throw error;
    }
  }
}

/**
 * The kinds whose programs are here. Says once which are not; with CI=true a missing one that could have been
 * installed is an error.
 */
export function availableRegistries(): readonly RegistryKind[] {
  const missing = ALL_KINDS.filter((kind) => findTool(REGISTRY_PROGRAMS[kind].tool) === undefined);
  if (missing.length > 0 && !toldWhatIsMissing) {
    toldWhatIsMissing = true;
    console.error(`not found, so not tested: ${missing.join(', ')}`);
  }
  const required = missing.filter((kind) => REGISTRY_PROGRAMS[kind].required);
  if (required.length > 0 && process.env['CI'] === 'true') {
    throw new Error(`not found, though CI=true: ${required.join(', ')}; run scripts/install-test-tools.sh`);
  }
  return ALL_KINDS.filter((kind) => !missing.includes(kind));
}

const ALL_KINDS: readonly RegistryKind[] = ['distribution-2.8', 'distribution-3', 'crane', 'zot'];
let toldWhatIsMissing = false;

type StartOptions = Omit<Place, 'data' | 'config'>;

class Running implements RealRegistry {
  readonly host: string;
  readonly kind: RegistryKind;
  readonly version: string;
  readonly data: string;
  readonly #directory: string;
  readonly #process: ChildProcess;
  readonly #program: RegistryProgram;
  readonly #log: LoggedRequest[] = [];
  readonly #errors: string[] = [];
  readonly #seen = new Set<string>();
  readonly #exited: Promise<unknown>;
  #marks = 0;

  constructor(kind: RegistryKind, version: string, options: StartOptions) {
    this.kind = kind;
    this.version = version;
    this.host = `127.0.0.1:${options.port}`;
    this.#program = REGISTRY_PROGRAMS[kind];
    this.#directory = mkdtempSync(join(tmpdir(), `cip-${kind}-`));
    this.data = join(this.#directory, 'data');
    this.#process = this.#spawn(options);
    this.#exited = once(this.#process, 'close');
    this.#exited.catch(() => undefined); // a failed start is told by `ready`
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream) createInterface(stream).on('line', (line) => this.#read(line));
    }
  }

  /** Answers once this very process does: its log shows the request, so it is not another one on the same port. */
  async ready(): Promise<void> {
    const answers = async () => {
      if (this.#ended()) throw new Error(`${this.kind} ended: ${this.#errors.join('\n')}`);
      return this.#logReached();
    };
    if (!(await poll(START_LIMIT_MS, answers))) {
      throw new Error(`${this.kind} on ${this.host} did not answer: ${this.#errors.join('\n')}`);
    }
  }

  async requests(): Promise<number | undefined> {
    return (await this.requestLog())?.length;
  }

  async requestLog(): Promise<readonly LoggedRequest[] | undefined> {
    if (this.#program.parseLogLine === undefined) return undefined;
    if (!(await this.#logReached())) throw new Error(`${this.kind} on ${this.host} does not log requests`);
    return [...this.#log];
  }

  async stop(): Promise<void> {
    if (!this.#ended()) {
      this.#process.kill('SIGTERM');
      const limit = new AbortController();
      const late = wait(STOP_LIMIT_MS, undefined, { signal: limit.signal }).then(() =>
        this.#process.kill('SIGKILL'),
      );
      await Promise.allSettled([this.#exited]);
      limit.abort();
      await Promise.allSettled([late]);
    }
    running.delete(this);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Without waiting, for the end of our own process. */
  kill(): void {
    this.#process.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #spawn(options: StartOptions): ChildProcess {
    const place = { ...options, data: this.data, config: join(this.#directory, 'config') };
    mkdirSync(place.data);
    writeFileSync(place.config, this.#program.config(place));
    return spawn(toolOf(this.kind), this.#program.args(place), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#program.env },
    });
  }

  /** Sends a request that is known again, and waits for it to come up in the log: all before it have then come up. */
  async #logReached(): Promise<boolean> {
    if (this.#program.parseLogLine === undefined) return this.#ask('/v2/');
    const mark = `/v2/?mark=${++this.#marks}-${process.pid}`;
    if (!(await this.#ask(mark))) return false;
    return poll(LOG_LIMIT_MS, () => Promise.resolve(this.#seen.has(mark) || this.#ended()));
  }

  async #ask(path: string): Promise<boolean> {
    try {
      const answer = await request(`http://${this.host}${path}`, {
        headersTimeout: LOG_LIMIT_MS,
        reset: true,
      });
      await answer.body.dump();
      return answer.statusCode === 200 || answer.statusCode === 401; // it may ask who is there
    } catch {
      return false;
    }
  }

  #read(line: string): void {
    const logged = this.#program.parseLogLine?.(line);
    if (logged === undefined) {
      this.#errors.push(line);
      if (this.#errors.length > MAX_ERROR_LINES) this.#errors.shift();
    } else if (logged.url.startsWith('/v2/?mark=')) this.#seen.add(logged.url);
    else this.#log.push(logged);
  }

  #ended(): boolean {
    return (
      this.#process.exitCode !== null || this.#process.signalCode !== null || this.#process.pid === undefined
    );
  }
}

async function versionOf(kind: RegistryKind): Promise<string> {
  const { tool, versionArgs } = REGISTRY_PROGRAMS[kind];
  const { stdout, stderr } = await runTool(tool, versionArgs);
  return /\d+\.\d+\.\d+[\w.+-]*/.exec(stdout + stderr)?.[0] ?? 'unknown';
}

function toolOf(kind: RegistryKind): string {
  const { tool } = REGISTRY_PROGRAMS[kind];
  const path = findTool(tool);
  if (path === undefined) throw new Error(`${tool} not found: run scripts/install-test-tools.sh`);
  return path;
}
