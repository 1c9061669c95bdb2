import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import { type RunningProgram, startProgram } from '../../doubles/start-program.ts';
import { findTool, runTool, type ToolName } from '../../doubles/tools.ts';
import { freePort } from '../../doubles/waiting.ts';
import { startRekorV1 } from './rekor-v1.ts';
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts';

/** A Sigstore instance on the loopback device. Its certificates are in no certificate transparency log. */
export interface SigstoreStack {
  readonly issuer: TokenIssuer;
  /** The real Fulcio. It accepts tokens of the issuer, by `email`. */
  readonly fulcioUrl: string;
  /** A stand-in for Rekor v1, which needs databases. */
  readonly rekorV1Url: string;
  /** Number of entries of Rekor v1. */
  rekorV1Entries(): number;
  /** The real Rekor v2. */
  readonly rekorV2Url: string;
  /** Number of entries of Rekor v2, by its checkpoint. */
  rekorV2Entries(): Promise<number>;
  /** The real timestamp-server. */
  readonly timestampUrl: string;
  /** A file with all of these, as `cosign trusted-root create` writes it. */
  readonly trustedRoot: string;
  /** A file with Fulcio, Rekor v2 and the timestamp-server, as `cosign signing-config create` writes it. */
  readonly signingConfig: string;
  /** PEM files for cosign 2: the key of Rekor v1, and the chain of Fulcio. */
  readonly rekorV1Key: string;
  readonly fulcioChain: string;
  /** A directory that is removed with the stack. */
  readonly directory: string;
  stop(): Promise<void>;
}

export const SIGSTORE_TOOLS: readonly ToolName[] = [
  'cosign',
  'cosign-v2',
  'fulcio',
  'rekor-server',
  'timestamp-server',
];

/** False where a program is missing, which is said once; an error with CI=true. */
export function hasSigstoreTools(): boolean {
  const missing = SIGSTORE_TOOLS.filter((tool) => findTool(tool) === undefined);
  if (missing.length === 0) return true;
  if (process.env['CI'] === 'true') {
    throw new Error(`not found, though CI=true: ${missing.join(', ')}; run scripts/install-test-tools.sh`);
  }
  console.error(`signatures are not tested with real programs, not found: ${missing.join(', ')}`);
  return false;
}

/** Before this instance, in the form of cosign's flags. */
const START = 'start-time=2020-01-01T00:00:00Z';
/** Verifiers take the host of its URL for the origin of its checkpoints. */
const REKOR_V2_ORIGIN = '127.0.0.1';

/** Starts every service. Throws where a program is missing or does not start. */
export async function startSigstoreStack(): Promise<SigstoreStack> {
  const directory = mkdtempSync(join(tmpdir(), 'cip-sigstore-'));
  const file = (name: string, content: string) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const issuer = await startTokenIssuer(); // fulcio asks it when it starts
  const rekorV1 = await startRekorV1();
  const rekorV2Keys = generateKeyPairSync('ed25519');
  const [fulcio, rekorV2, timestamps] = await Promise.all([
    startFulcio(file('fulcio.json', fulcioConfig(issuer.url))),
    startRekorV2(file('rekor-v2.key', pemOf(rekorV2Keys.privateKey)), join(directory, 'rekor-v2')),
    startProgram('timestamp-server', (port) => [
      'serve',
      '--disable-ntp-monitoring',
      '--host=127.0.0.1',
      `--port=${port}`,
    ]),
  ]);
  const fulcioUrl = urlOf(fulcio);
  const rekorV2Url = urlOf(rekorV2);
  const timestampUrl = `${urlOf(timestamps)}/api/v1/timestamp`;
  const fulcioChain = file('fulcio.pem', await readFulcioChain(fulcioUrl));
  const timestampChain = file('timestamps.pem', await readText(`${timestampUrl}/certchain`));
  const rekorV1Key = file('rekor-v1.pem', pemOf(rekorV1.publicKey));
  const rekorV2Key = file('rekor-v2.pem', pemOf(rekorV2Keys.publicKey));
  const trustedRoot = join(directory, 'trusted-root.json');
  await runTool('cosign', [
    'trusted-root',
    'create',
    `--fulcio=url=${fulcioUrl},certificate-chain=${fulcioChain}`,
    `--rekor=url=${rekorV1.url},public-key=${rekorV1Key},${START}`,
    `--rekor=url=${rekorV2Url},public-key=${rekorV2Key},${START},origin=${REKOR_V2_ORIGIN}`,
    `--tsa=url=${timestampUrl},certificate-chain=${timestampChain}`,
    `--out=${trustedRoot}`,
  ]);
  const signingConfig = join(directory, 'signing-config.json');
  await runTool('cosign', [
    'signing-config',
    'create',
    `--fulcio=url=${fulcioUrl},api-version=1,${START},operator=test`,
    `--rekor=url=${rekorV2Url},api-version=2,${START},operator=test`,
    '--rekor-config=ANY',
    `--tsa=url=${timestampUrl},api-version=1,${START},operator=test`,
    '--tsa-config=ANY',
    `--out=${signingConfig}`,
  ]);
  return {
    issuer,
    fulcioUrl,
    rekorV1Url: rekorV1.url,
    rekorV1Entries: () => rekorV1.entries,
    rekorV2Url,
    rekorV2Entries: async () => sizeOf(await readFile(join(directory, 'rekor-v2', 'checkpoint'), 'utf8')),
    timestampUrl,
    trustedRoot,
    signingConfig,
    rekorV1Key,
    fulcioChain,
    directory,
    stop: async () => {
      await Promise.all([fulcio, rekorV1, rekorV2, timestamps, issuer].map((one) => one.stop()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function startFulcio(config: string): Promise<RunningProgram> {
  return startProgram('fulcio', (port, directory) => [
    'serve',
    '--host=127.0.0.1',
    `--port=${port}`,
    '--grpc-host=127.0.0.1',
    '--grpc-port=0',
    '--metrics-port=0',
    `--legacy-unix-domain-socket=${join(directory, 'legacy.sock')}`,
    '--ca=ephemeralca',
    '--ct-log-url=',
    `--config-path=${config}`,
  ]);
}

function fulcioConfig(issuer: string): string {
  const entry = { IssuerURL: issuer, ClientID: 'sigstore', Type: 'email' };
  return JSON.stringify({ OIDCIssuers: { [issuer]: entry } });
}

async function startRekorV2(key: string, storage: string): Promise<RunningProgram> {
  const grpcPort = await freePort();
  const metricsPort = await freePort();
  return startProgram('rekor-server', (port) => [
    'serve',
    `--hostname=${REKOR_V2_ORIGIN}`,
    `--http-port=${port}`,
    `--grpc-port=${grpcPort}`,
    `--http-metrics-port=${metricsPort}`,
    `--signer-filepath=${key}`,
    `--storage-dir=${storage}`,
    '--batch-max-age=10ms',
    '--checkpoint-interval=100ms',
  ]);
}

/** The second line of a checkpoint is the number of entries. */
function sizeOf(checkpoint: string): number {
  return Number(checkpoint.split('\n')[1]);
}

const TrustBundle = z.object({ chains: z.array(z.object({ certificates: z.array(z.string()) })) });

async function readFulcioChain(url: string): Promise<string> {
  const bundle: unknown = JSON.parse(await readText(`${url}/api/v2/trustBundle`));
  return TrustBundle.parse(bundle)
    .chains.flatMap(({ certificates }) => certificates)
    .join('\n');
}

async function readText(url: string): Promise<string> {
  const { statusCode, body } = await request(url, { reset: true });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`GET ${url}: ${statusCode} ${text}`);
  return text;
}

function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }).toString();
}

function urlOf({ port }: RunningProgram): string {
  return `http://127.0.0.1:${port}`;
}
