import { assertNever } from '../../base/errors.ts';
import type { Reply } from '../reply.ts';
import type { RequestKind } from './request-log.ts';

/** A planned failure, and the requests that meet it. */
export interface Fault {
  /** Default: any. */
  readonly method?: string;
  /** Default: any. Matched against the path, and against the path with its query. */
  readonly path?: RegExp;
  /** Default: any. */
  readonly kind?: RequestKind;
  /** True: only requests without credentials. Default: any. */
  readonly anonymous?: boolean;
  /** Number of these requests that succeed first. Default 0. */
  readonly skip?: number;
  /** Number of requests that fail then. Default 1; may be Infinity. */
  readonly times?: number;
  readonly act: FaultAct;
}

export type FaultAct =
  /** Sends this response instead. A text body is sent as it is, a record as JSON. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Sends a redirect, 307 by default. `location` may be a function of the path. */
  | {
      readonly kind: 'redirect';
      readonly location: string | ((path: string) => string);
      readonly status?: number;
    }
  /** Resets the connection before the request is processed. */
  | { readonly kind: 'reset' }
  /** Processes the request, but resets the connection instead of responding. */
  | { readonly kind: 'lost-answer' }
  /** Resets the connection after so many bytes of the request's body. */
  | { readonly kind: 'cut-upload'; readonly atByte: number }
  /** Flips one bit of the request's body, in its first byte by default. */
  | { readonly kind: 'flip-request-bit'; readonly atByte?: number }
  /** Responds, then closes the connection without announcing it. */
  | { readonly kind: 'hang-up' }
  /** Never responds, until either side closes the connection. */
  | { readonly kind: 'stall' }
  /** Resets the connection after a part of the body; 0 ≤ fraction < 1 here and below. Default 0.5. */
  | { readonly kind: 'reset-mid-body'; readonly fraction?: number }
  /** Sends nothing more after a part of the body. */
  | { readonly kind: 'stall-mid-body'; readonly fraction?: number }
  /** Closes the connection after a part of the body that Content-Length announced. */
  | { readonly kind: 'truncate'; readonly fraction?: number }
  /** Sends a part of the body as if it were all, without Content-Length. */
  | { readonly kind: 'short-body'; readonly fraction?: number }
  /** Flips one bit of the body, in the middle by default. */
  | { readonly kind: 'flip-bit'; readonly atByte?: number }
  /** Sends the Docker-Content-Digest of other content. */
  | { readonly kind: 'wrong-digest-header' }
  /** Processes the request, and replaces status and headers. `undefined` removes a header. Names as sent. */
  | {
      readonly kind: 'headers';
      readonly status?: number;
      readonly headers: Readonly<Record<string, string | undefined>>;
    };

/** The form in which a response is sent. */
export type Delivery =
  | { readonly kind: 'whole'; readonly reply: Reply; readonly hangsUp?: boolean }
  | {
      readonly kind: 'partial';
      readonly reply: Reply;
      /** Bytes of the body. */
      readonly bytes: number;
      readonly ending: 'reset' | 'stall' | 'close' | 'end';
    }
  | { readonly kind: 'nothing'; readonly ending: 'reset' | 'stall' };

/** The properties of a request that decide about faults. */
export interface FaultyRequest {
  readonly method: string;
  readonly path: string;
  readonly url: string;
  readonly kind: RequestKind;
  readonly anonymous: boolean;
}

/** The planned faults. */
export class FaultPlan {
  #planned: { readonly fault: Fault; skip: number; times: number }[] = [];

  add(fault: Fault): void {
    this.#planned.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.#planned = [];
  }

  /** The fault for a request: the first planned one that matches and is not used up. It counts the request. */
  next(request: FaultyRequest): FaultAct | undefined {
    for (const planned of this.#planned) {
      if (planned.times === 0 || !concerns(planned.fault, request)) continue;
      if (planned.skip > 0) {
        planned.skip -= 1;
        continue;
      }
      planned.times -= 1;
      return planned.fault.act;
    }
    return undefined;
  }
}

/** The delivery of the response to a request; `answer` is not called if the request must not be processed. */
export async function interfere(
  act: FaultAct,
  path: string,
  answer: () => Promise<Reply>,
): Promise<Delivery> {
  switch (act.kind) {
    case 'status':
      return whole({ status: act.status, headers: act.headers ?? {}, body: Buffer.from(act.body ?? '') });
    case 'redirect':
      return whole({ status: act.status ?? 307, headers: { Location: locationFor(act.location, path) } });
    case 'reset':
      return { kind: 'nothing', ending: 'reset' };
    case 'stall':
      return { kind: 'nothing', ending: 'stall' };
    case 'hang-up':
      return { kind: 'whole', reply: await answer(), hangsUp: true };
    case 'cut-upload':
    case 'lost-answer':
      await answer();
      return { kind: 'nothing', ending: 'reset' };
    case 'flip-request-bit':
      return whole(await answer());
    case 'reset-mid-body':
      return partial(await answer(), act.fraction, 'reset');
    case 'stall-mid-body':
      return partial(await answer(), act.fraction, 'stall');
    case 'truncate':
      return partial(await answer(), act.fraction, 'close');
    case 'short-body':
      return partial(await answer(), act.fraction, 'end');
    case 'flip-bit':
      return whole(withFlippedBit(await answer(), act.atByte));
    case 'wrong-digest-header':
      return whole(withHeaders(await answer(), { 'Docker-Content-Digest': OTHER_DIGEST }));
    case 'headers': {
      const reply = withHeaders(await answer(), act.headers);
      return whole({ ...reply, status: act.status ?? reply.status });
    }
    default:
      return assertNever(act);
  }
}

const OTHER_DIGEST = `sha256:${'0'.repeat(64)}`;

function concerns(fault: Fault, request: FaultyRequest): boolean {
  if (fault.method !== undefined && fault.method !== request.method) return false;
  if (fault.kind !== undefined && fault.kind !== request.kind) return false;
  if (fault.anonymous !== undefined && fault.anonymous !== request.anonymous) return false;
  // `search` has no state of the last match, unlike `test`
  return (
    fault.path === undefined ||
    request.path.search(fault.path) !== -1 ||
    request.url.search(fault.path) !== -1
  );
}

function locationFor(location: string | ((path: string) => string), path: string): string {
  return typeof location === 'string' ? location : location(path);
}

function whole(reply: Reply): Delivery {
  return { kind: 'whole', reply };
}

function partial(reply: Reply, fraction = 0.5, ending: 'reset' | 'stall' | 'close' | 'end'): Delivery {
  return { kind: 'partial', reply, bytes: Math.floor((reply.body?.length ?? 0) * fraction), ending };
}

function withFlippedBit(reply: Reply, atByte?: number): Reply {
  if (reply.body === undefined || reply.body.length === 0) return reply;
  return { ...reply, body: flippedAt(reply.body, atByte ?? reply.body.length >> 1) };
}

/** A request's body as altered by a fault. */
export function arriving(act: FaultAct | undefined, body: Buffer): Buffer {
  return act?.kind === 'flip-request-bit' ? flippedAt(body, act.atByte ?? 0) : body;
}

function flippedAt(bytes: Uint8Array, atByte: number): Buffer {
  const flipped = Buffer.from(bytes);
  const index = Math.min(atByte, flipped.length - 1);
  flipped[index] = (flipped[index] ?? 0) ^ 1;
  return flipped;
}

function withHeaders(reply: Reply, changes: Readonly<Record<string, string | undefined>>): Reply {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...reply.headers, ...changes })) {
    if (value !== undefined) headers[name] = value;
  }
  return { ...reply, headers };
}
