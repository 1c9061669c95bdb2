import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** The programs of others that tests and comparisons run. */
export type ToolName =
  | 'skopeo'
  | 'crane'
  | 'regctl'
  | 'regsync'
  | 'oras'
  | 'kpromo'
  | 'docker-registry'
  | 'registry'
  | 'zot'
  | 'token-server'
  | 'htpasswd'
  | 'openssl'
  | 'nginx'
  | 'conformance'
  | 'promtool'
  | 'buildah'
  | 'hadolint'
  | 'actionlint'
  | 'jq'
  | 'nsenter'
  | 'qemu-aarch64-static'
  | 'cosign'
  | 'cosign-v2'
  | 'fulcio'
  | 'rekor-server'
  | 'timestamp-server'
  | 'sh';

export interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  /** Milliseconds; the program is killed after that. Default 60,000. */
  readonly timeoutMs?: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Exit codes that are fine. Default 0 only. */
  readonly codes?: readonly number[];
}

const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const BUILT_TOOLS = join(repositoryRoot(), '.tools/bin');

/** The path of a program, from .tools/bin or else from PATH, or undefined. */
export function findTool(name: ToolName): string | undefined {
  const folders = [BUILT_TOOLS, ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** Runs a program to its end. Throws where it is not found, takes too long, or ends with a code that is not fine. */
export async function runTool(
  name: ToolName,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  const path = findTool(name);
  if (path === undefined) throw new Error(`${name} not found: run scripts/install-test-tools.sh`);
  const { timeoutMs = DEFAULT_TIMEOUT_MS, codes = [0] } = options;
  const result = await execute(path, args, { ...options, timeoutMs });
  if (codes.includes(result.code)) return result;
  throw new Error(`${name} ${args.join(' ')}: exit ${result.code}: ${result.stderr || result.stdout}`);
}

/** The folder of package.json above this file, also when it has been bundled elsewhere. */
export function repositoryRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = above;
  }
  return folder;
}

function execute(
  path: string,
  args: readonly string[],
  options: ToolOptions & { timeoutMs: number },
): Promise<ToolResult> {
  const { timeoutMs, env, cwd } = options;
  const settings = {
    timeout: timeoutMs,
    killSignal: 'SIGKILL' as const,
    maxBuffer: MAX_OUTPUT_BYTES,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  };
  return new Promise((resolve, reject) => {
    execFile(path, args, settings, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else
        reject(
          new Error(`${path} ${args.join(' ')}: stopped (limit ${timeoutMs} ms): ${stderr}`, {
            cause: error,
          }),
        );
    });
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
