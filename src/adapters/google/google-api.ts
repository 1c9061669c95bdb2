import { messageOf } from '../../base/errors.ts';
import { invalidityOf, isBrokenOff } from '../../base/invalid-http.ts';
import { isObject, parseJsonObject } from '../../base/json.ts';
import { oneLine } from '../../base/text.ts';
import { parseRepository, type RegistryName } from '../../image/repository.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AccessToken, Keychain } from '../../ports/keychain.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { withinLimit } from './shared-work.ts';

export interface GoogleApiPorts {
  readonly keychain: Keychain;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
}

/** Milliseconds for one answer. */
const LIMIT = 60_000;
/** A thousand images with a hundred tags and children each have less. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const MAX_REASON = 300;
/** Milliseconds after the first failure, then twice as long each time. */
const FIRST_WAIT = 1000;
const ATTEMPTS = 6;

interface Asked {
  /** Whose identity asks. */
  readonly registry: RegistryName;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * GET of one of Google's APIs, with the identity that a registry is bound to. What may be better later (429, 5xx, no
 * answer) is asked again, six times in half a minute; a token that is refused is replaced once.
 */
export class GoogleApi {
  readonly #ports: GoogleApiPorts;

  constructor(ports: GoogleApiPorts) {
    this.#ports = ports;
  }

  /** The body of the answer. Throws `RegistryError`. */
  async get(url: URL, asked: Asked): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask(url, asked);
      } catch (error) {
        if (!(error instanceof RegistryError && error.temporary) || attempt === ATTEMPTS) throw error;
      }
      const { clock } = this.#ports;
      await clock.sleep(FIRST_WAIT * 2 ** (attempt - 1) * (0.5 + clock.random() / 2), asked.signal);
    }
  }

  async #ask(url: URL, { registry, signal }: Asked): Promise<Uint8Array> {
    const token = await this.#tokenOf(registry, signal);
    if (token !== undefined) refuseStrangers(url);
    const used = await token?.current(signal);
    const answer = await this.#send(url, used, signal);
    if (answer.status !== 401 || token === undefined || used === undefined) return bodyOf(url, answer);
    token.refuse(used);
    return bodyOf(url, await this.#send(url, await token.current(signal), signal));
  }

  async #tokenOf(registry: RegistryName, signal: AbortSignal): Promise<AccessToken | undefined> {
    const repository = parseRepository(registry);
    if (repository === undefined) return undefined;
    const { credential } = await this.#ports.keychain.identityFor(repository, signal);
    return credential.kind === 'access-token' ? credential : undefined;
  }

  async #send(url: URL, token: string | undefined, signal: AbortSignal): Promise<Answer> {
    const late = () => failed(url, `no answer within ${LIMIT} ms`);
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    try {
      return await withinLimit(
        async (inner) => {
          const response = await this.#ports.fetch(url, { headers, signal: inner, redirect: 'error' });
          return { status: response.status, body: await readBounded(url, response) };
        },
        { signal, limit: LIMIT, late },
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof RegistryError ? error : failureOf(url, error);
    }
  }
}

/** An access token opens all that its account may do: it goes to Google's own APIs, and to this machine. */
function refuseStrangers(url: URL): void {
  const { protocol, hostname } = url;
  if (HERE.test(hostname) || (protocol === 'https:' && hostname.endsWith('.googleapis.com'))) return;
  const message = `${describe(url)}: the token of a Google account is not sent there, expected https and a host of googleapis.com`;
  throw new RegistryError('unauthorized', message);
}

const HERE = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

async function readBounded(url: URL, response: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > MAX_BODY_BYTES) {
      throw new RegistryError('unexpected', `${describe(url)}: more than ${MAX_BODY_BYTES} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function bodyOf(url: URL, { status, body }: Answer): Uint8Array {
  if (status === 200) return body;
  const error = parseJsonObject(body)?.['error'];
  const words = isObject(error) && typeof error['message'] === 'string' ? `: ${error['message']}` : '';
  const temporary = status === 429 || status >= 500;
  const code =
    status === 401 || status === 403 ? 'unauthorized' : temporary ? 'unavailable' : ('refused' as const);
  throw new RegistryError(code, `${describe(url)}: ${oneLine(`${status}${words}`, MAX_REASON)}`, {
    status,
    temporary,
  });
}

/** What `fetch` ended with, which has the reason as its cause. An answer that is not HTTP is final. */
function failureOf(url: URL, thrown: unknown): RegistryError {
  const error = thrown instanceof TypeError && thrown.cause instanceof Error ? thrown.cause : thrown;
  const invalidity = error instanceof Error && !isBrokenOff(error) ? invalidityOf(error) : undefined;
  if (invalidity === undefined) return failed(url, messageOf(error));
  return new RegistryError('unexpected', `${describe(url)}: ${invalidity}`, { cause: error });
}

function failed(url: URL, why: string): RegistryError {
  return new RegistryError('unreachable', `${describe(url)}: ${why}`, { temporary: true });
}

function describe({ origin, pathname }: URL): string {
  return `GET ${origin}${pathname}`;
}
