import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Issued } from './private-ca.ts';
import { findTool, type ToolName } from './tools.ts';
import { freePort, poll } from './waiting.ts';

/** A program that listens on 127.0.0.1. */
export interface TlsServer {
  readonly port: number;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 15_000;
const TOOLS: readonly ToolName[] = ['docker-registry', 'nginx', 'openssl'];

/** False where a program is missing, which is said once; an error with CI=true. */
export function hasTlsTools(): boolean {
  const missing = TOOLS.filter((tool) => findTool(tool) === undefined);
  if (missing.length === 0) return true;
  if (process.env['CI'] === 'true') {
    throw new Error(`not found, though CI=true: ${missing.join(', ')}; run scripts/install-test-tools.sh`);
  }
  console.error(`TLS is not tested with real programs, not found: ${missing.join(', ')}`);
  return false;
}

/** docker-registry, in plain http unless it is given a certificate. */
export function startDockerRegistry(issued?: Issued): Promise<TlsServer> {
  const tls = issued === undefined ? '' : `  tls:\n    certificate: ${issued.cert}\n    key: ${issued.key}\n`;
  return start('docker-registry', (port, directory) => {
    const config = `version: 0.1
log: { level: error }
storage:
  filesystem: { rootdirectory: ${join(directory, 'data')} }
http:
  addr: 127.0.0.1:${port}
  relativeurls: true
${tls}`;
    return { config, args: (file) => ['serve', file] };
  });
}

/** nginx with TLS in front of another server, for clients with a certificate of this authority only. */
export function startMutualTls(
  issued: Issued,
  { ca, behind }: { ca: string; behind: TlsServer },
): Promise<TlsServer> {
  return start('nginx', (port, directory) => {
    mkdirSync(join(directory, 'temp'));
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `  ${name}_temp_path ${join(directory, 'temp', name)};`)
      .join('\n');
    const config = `daemon off;
master_process off;
pid ${join(directory, 'pid')};
error_log stderr error;
events {}
http {
  access_log off;
${temp}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${issued.cert};
    ssl_certificate_key ${issued.key};
    ssl_client_certificate ${ca};
    ssl_verify_client on;
    client_max_body_size 0;
    location / {
      proxy_pass http://127.0.0.1:${behind.port};
      proxy_request_buffering off;
      proxy_set_header Host $http_host;
    }
  }
}
`;
    return { config, args: (file) => ['-c', file, '-e', 'stderr', '-p', directory] };
  });
}

interface Plan {
  readonly config: string;
  readonly args: (configFile: string) => readonly string[];
}

async function start(tool: ToolName, plan: (port: number, directory: string) => Plan): Promise<TlsServer> {
  const path = findTool(tool);
  if (path === undefined) throw new Error(`${tool} not found: run scripts/install-test-tools.sh`);
  const directory = mkdtempSync(join(tmpdir(), `cip-${tool}-`));
  const port = await freePort();
  const { config, args } = plan(port, directory);
  const file = join(directory, 'config');
  writeFileSync(file, config);
  const child = spawn(path, [...args(file)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
  const stop = () => end(child, directory);
  const isThere = async () => child.exitCode !== null || (await listens(port));
  const isUp = (await poll(START_LIMIT_MS, isThere)) && child.exitCode === null;
  if (isUp) return { port, stop };
  await stop();
  throw new Error(`${tool} did not start: ${errors}`);
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
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
