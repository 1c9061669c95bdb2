import { onTestFinished } from 'vitest';
import type { HttpRequest, HttpResponse } from '../../../src/http/request.ts';
import { createWire, type WireOptions } from '../../../src/http/wire.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { quiet, readAll, repositoryAt } from '../../adapters/oci/client.ts';
import { type Bytes, type Play, type RawConnection, RawServer } from '../../doubles/raw-server.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { turns } from '../../doubles/waiting.ts';

/** The result of a request, with its body as latin1. */
export type Outcome =
  | { readonly status: number; readonly headers: HttpResponse['headers']; readonly body: string }
  | { readonly code: string; readonly temporary: boolean; readonly message: string };

/** An answer that is not HTTP: no retry will help. */
export const REFUSED = { code: 'unexpected', temporary: false } as const;
/** An answer that is not complete: a retry may get all of it. */
export const BROKEN_OFF = { code: 'unreachable', temporary: true } as const;
export const CHUNKED = 'Transfer-Encoding: chunked';
/** The answer to every request after a hostile one. */
export const NEXT = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 4'], 'next');

/** Real milliseconds after which an answer that never ends is given up, so that its test fails. */
const LIMIT = 5_000;

export type Send = (path?: string, parts?: Partial<HttpRequest>) => Promise<HttpResponse>;

/** A wire to a server, with one connection at a time unless told otherwise. */
export function wireTo(server: RawServer, options: Partial<WireOptions> = {}): Send {
  const wire = createWire({ originOf: () => server.url, connections: 1, ...options });
  onTestFinished(wire.close);
  return (path = '/x', parts = {}) => wire.send(requestTo(server, path, parts));
}

export function requestTo(server: RawServer, path: string, parts: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    url: new URL(path, server.url),
    host: server.host,
    repository: repositoryAt(server, 'app'),
    headers: {},
    scopes: [],
    totalLimit: LIMIT,
    signal: quiet(),
    ...parts,
  };
}

/** Reads an answer to its end. Throws any error but one of the answer. */
export async function outcomeOf(asked: Promise<HttpResponse>): Promise<Outcome> {
  let isStream = false;
  try {
    const { status, headers, body, stream } = await asked;
    isStream = stream !== undefined;
    const bytes = await readAll(stream ?? body);
    return { status, headers: { ...headers }, body: bytes.toString('latin1') };
  } catch (error) {
    if (error instanceof RegistryError)
      return { code: error.code, temporary: error.temporary, message: error.message };
    // the reader of a stream takes the error of a socket for a temporary one
    if (isStream && error instanceof Error && 'syscall' in error)
      return { ...BROKEN_OFF, message: error.message };
    throw error;
  }
}

/** Turns of the event loop within which everything on one machine has arrived. */
const MANY_TURNS = 200_000;

/** Resolves when a condition holds. Throws after very many turns of the event loop, in which nothing is left to come. */
export async function soon(what: string, condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < MANY_TURNS; turn++) {
    if (condition()) return;
    await turns(1);
  }
  throw new Error(`never: ${what}`);
}

/** Resolves when the client has closed every connection. */
export function allClosed(server: RawServer): Promise<void> {
  return soon('the client closes its connections', () => server.open === 0);
}

/** How an answer is played. */
export interface Ending {
  /** `close`: the server closes the connection after the answer. Unset: it stays open. */
  readonly ending?: 'close' | 'reset' | 'open';
}

/** Sends one request that is answered with these pieces. A connection with a failed answer has to be closed. */
export async function ask(
  pieces: Bytes | readonly Bytes[],
  { ending = 'open', ...parts }: Ending & Partial<HttpRequest> = {},
): Promise<Outcome> {
  const server = await RawServer.start((connection) => playOnce(connection, { pieces, ending }));
  const outcome = await outcomeOf(wireTo(server)('/x', parts));
  if ('code' in outcome) await allClosed(server);
  return outcome;
}

/** What two requests get, of which the first is answered with these pieces, and the second with `NEXT`. */
export interface Both {
  readonly first: Outcome;
  readonly second: Outcome;
  readonly connections: number;
}

/** The second request follows the first at once; with `settle`, when the server has sent all and it has arrived. */
export async function askTwice(
  pieces: Bytes | readonly Bytes[],
  {
    settle = false,
    ending = 'open',
    ...parts
  }: Ending & { readonly settle?: boolean } & Partial<HttpRequest> = {},
): Promise<Both> {
  let isPlayed = false;
  const server = await RawServer.start(async (connection) => {
    if (connection.number === 0) {
      await playOnce(connection, { pieces, ending });
      isPlayed = true;
    }
    await serveNext(connection);
  });
  const send = wireTo(server);
  const first = await outcomeOf(send('/first', parts));
  if (settle) {
    await soon('the answer is sent', () => isPlayed);
    await turns(20);
  }
  const second = await outcomeOf(send('/second'));
  return { first, second, connections: server.connections.length };
}

/** Answers every request of a connection with `NEXT`. */
export async function serveNext(connection: RawConnection): Promise<void> {
  while ((await connection.request()) !== undefined) await connection.send(NEXT);
}

/** Plays `first` on the first connection, and answers every other request with `NEXT`. */
export function firstPlays(first: Play): Play {
  return async (connection) => {
    if (connection.number === 0) await first(connection);
    await serveNext(connection);
  };
}

/** Each byte by itself. */
export function bytewise(raw: string): string[] {
  return Array.from(raw);
}

/** An answer with these headers besides a length, and a body of five bytes. */
export function withHeaders(...headers: readonly string[]): string {
  return rawAnswer(['HTTP/1.1 200 OK', ...headers], 'hello');
}

async function playOnce(
  connection: RawConnection,
  { pieces, ending }: { readonly pieces: Bytes | readonly Bytes[] } & Required<Ending>,
): Promise<void> {
  if ((await connection.request()) === undefined) return;
  await connection.send(...(typeof pieces === 'string' || pieces instanceof Uint8Array ? [pieces] : pieces));
  if (ending === 'close') connection.end();
  if (ending === 'reset') connection.reset();
}
