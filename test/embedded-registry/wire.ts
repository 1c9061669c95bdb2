import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { onTestFinished } from 'vitest';
import {
  type EmbeddedRegistry,
  type EmbeddedRegistryOptions,
  startEmbeddedRegistry,
} from '../../src/embedded-registry/embedded-registry.ts';
import { ACCEPT_MANIFESTS } from '../../src/image/media-types.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Extras {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | string;
  /** Default: a connection of its own. */
  readonly agent?: Agent;
}

/** A registry that is closed when the test ends. */
export async function startForTest(options: EmbeddedRegistryOptions = {}): Promise<EmbeddedRegistry> {
  const registry = await startEmbeddedRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

/** Sends one request, written as `METHOD /path`; rejects with the socket's error. */
export function ask({ url }: { url: string }, line: string, extras: Extras = {}): Promise<Answer> {
  const [method = '', path = ''] = line.split(' ');
  const { body = new Uint8Array(0), headers, agent } = extras;
  const length = method === 'GET' || method === 'HEAD' ? {} : { 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...length, ...headers }, agent: agent ?? false };
    const outgoing = request(new URL(path, url), options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** The same with the Accept header that manifests are asked for with. */
export function askManifest(
  registry: { url: string },
  line: string,
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  return ask(registry, line, { headers: { Accept: ACCEPT_MANIFESTS, ...headers } });
}

export function jsonOf({ body }: Answer): unknown {
  return JSON.parse(body.toString('utf8'));
}

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
}

/** The errors of an answer's body. */
export function errorsOf(answer: Answer): readonly WireError[] {
  const { errors }: { errors: WireError[] } = JSON.parse(answer.body.toString('utf8'));
  return errors;
}

/** Status and error codes, for one-line expectations. */
export function summaryOf(answer: Answer): string {
  return [answer.status, ...errorsOf(answer).map(({ code }) => code)].join(' ');
}
