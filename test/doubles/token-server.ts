import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { request } from 'undici';
import { type RegistryAuth, type Users, writePasswords } from './registry-auth.ts';
import { findTool, runTool, type ToolName } from './tools.ts';
import { freePort, poll } from './waiting.ts';

/** The token server of the distribution project. A user has rights to repositories below `<user>/` only. */
export interface TokenServer extends RegistryAuth {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The name that it knows the registry by. */
  readonly service: string;
  /** The URLs that tokens have been asked for by, so far: path and query. */
  requests(): readonly string[];
}

export const TOKEN_SERVER_TOOLS: readonly ToolName[] = ['token-server', 'htpasswd', 'openssl'];

const START_ATTEMPTS = 5;
const START_LIMIT_MS = 15_000;
const ISSUER = 'the issuer of a test';
const SERVICE = 'the registry of a test';

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const one of running) one.kill('SIGKILL');
});

/** Starts one on a free port of the loopback device. Throws where a program is missing or it does not answer. */
export async function startTokenServer(users: Users): Promise<TokenServer> {
  const directory = mkdtempSync(join(tmpdir(), 'cip-token-server-'));
  const files = await writeFiles(directory, users);
  for (let attempt = 1; ; attempt++) {
    const host = `127.0.0.1:${await freePort()}`;
    const one = startProcess(host, files);
    if (await poll(START_LIMIT_MS, () => isReady(one, files.realm))) {
      return {
        host,
        service: SERVICE,
        auth: authSection(host, files.certificate),
        requests: () => [...one.requests],
        stop: () => stop(one.process, directory),
      };
    }
    await stop(one.process, attempt === START_ATTEMPTS ? directory : undefined);
    if (attempt === START_ATTEMPTS) throw new Error(`token-server did not answer: ${one.log.join('\n')}`);
  }
}

interface Files {
  readonly key: string;
  readonly certificate: string;
  readonly passwords: string;
  /** Known to this server only, so that no other is taken for it. */
  readonly realm: string;
}

/** The registry finds the key by the certificate; the server reads it as SEC 1, which only this command writes. */
async function writeFiles(directory: string, users: Users): Promise<Files> {
  const key = join(directory, 'key.pem');
  const certificate = join(directory, 'certificate.pem');
  await runTool('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key]);
  const subject = ['-subj', '/CN=token-server', '-days', '2'];
  await runTool('openssl', ['req', '-x509', '-new', '-key', key, ...subject, '-out', certificate]);
  const passwords = await writePasswords(directory, users);
  return { key, certificate, passwords, realm: `tokens-${crypto.randomUUID()}` };
}

interface Running {
  readonly host: string;
  readonly process: ChildProcess;
  readonly requests: string[];
  readonly log: string[];
}

function startProcess(host: string, { key, passwords, realm }: Files): Running {
  const path = findTool('token-server');
  if (path === undefined) throw new Error('token-server not found: run scripts/install-test-tools.sh');
  const args = ['-addr', host, '-issuer', ISSUER, '-key', key, '-passwd', passwords, '-realm', realm];
  const process = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const one: Running = { host, process, requests: [], log: [] };
  running.add(process);
  process.on('error', (error) => one.log.push(String(error)));
  createInterface(process.stderr).on('line', (line) => {
    const url = /msg=getToken .*http\.request\.uri="([^"]*)"/.exec(line)?.[1];
    if (url === undefined) one.log.push(line);
    else if (url !== READY) one.requests.push(url);
  });
  return one;
}

const READY = '/token/?ready';

async function isReady({ host, process }: Running, realm: string): Promise<boolean> {
  if (process.exitCode !== null || process.pid === undefined) return false;
  try {
    const { statusCode, headers, body } = await request(`http://${host}${READY}`, { reset: true });
    await body.dump();
    return statusCode === 401 && String(headers['www-authenticate']).includes(realm);
  } catch {
    return false;
  }
}

function authSection(host: string, certificate: string): string {
  return `auth:
  token:
    realm: http://${host}/token/
    service: ${SERVICE}
    issuer: ${ISSUER}
    rootcertbundle: ${certificate}
`;
}

async function stop(child: ChildProcess, directory: string | undefined): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL'); // it keeps nothing
    await exited;
  }
  running.delete(child);
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}
