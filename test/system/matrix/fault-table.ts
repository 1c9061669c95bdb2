import type { FaultAct } from '../../../src/embedded-registry/embedded-registry.ts';
import type { Clock } from '../../../src/ports/clock.ts';

/** What a fault is made for: the time of its run, the host that has it, and the bytes that its request moves. */
export interface FaultSetting {
  readonly clock: Clock;
  readonly host: string;
  readonly bytes: number;
}

/**
 * - `temporary` no answer, or one that says "not now": the same request may succeed
 * - `quota`     the same, and asked for: 429 is waited for as long as the policy is patient
 * - `lost`      done, but nobody hears of it
 * - `damage`    an answer whose bytes are not what they should be
 * - `final`     an answer that says no
 * - `strange`   an answer that makes no sense
 * - `mislabelled` the right answer under a header that tells something else
 * - `harmless`  a whole answer, after which the connection ends
 */
export type Nature =
  | 'temporary'
  | 'quota'
  | 'lost'
  | 'damage'
  | 'final'
  | 'strange'
  | 'mislabelled'
  | 'harmless';

export interface FaultRow {
  readonly name: string;
  readonly nature: Nature;
  /** `refused`: nobody listens. */
  readonly act: (setting: FaultSetting) => FaultAct | 'refused';
  /** What it is done to, so that other requests do not feel it: the body of the answer, or that of the request. */
  readonly hits?: 'answer body' | 'request body';
  /** True where a digest that it hits may still be one, of something else. */
  readonly isSubtle?: true;
  /** True where bytes that have arrived may be lost as well. */
  readonly takesBack?: true;
  /** Of what says no: what of it is cured by a second try, with a new token or in a new upload. */
  readonly cured?: 'all' | 'writes' | 'uploads';
  /** True where another digest is named than the right one. */
  readonly misleads?: true;
  /** True where it asks for credentials. */
  readonly challenges?: true;
}

const HTML = '<!doctype html><html><head><title>Sign in</title></head><body>Sorry</body></html>';
const PARTS = [0.01, 0.5, 0.99];
/** Seconds. */
const RETRY_AFTER = 7;

export const FAULTS: readonly FaultRow[] = [
  {
    name: '429 with Retry-After in seconds',
    nature: 'quota',
    act: () => status(429, { headers: { 'Retry-After': String(RETRY_AFTER) } }),
  },
  {
    name: '429 with Retry-After as a date',
    nature: 'quota',
    act: ({ clock }) => ({
      kind: 'status',
      status: 429,
      get headers() {
        return dated(clock.wallTime());
      },
    }),
  },
  { name: '429', nature: 'quota', act: () => status(429) },
  ...[500, 502, 503, 504].map(
    (code): FaultRow => ({
      name: String(code),
      nature: 'temporary',
      act: () => status(code),
    }),
  ),
  {
    name: '503 with Retry-After',
    nature: 'quota',
    act: () => status(503, { headers: { 'Retry-After': String(RETRY_AFTER) } }),
  },
  {
    name: '502 with a web page',
    nature: 'temporary',
    act: () => status(502, { headers: { 'Content-Type': 'text/html' }, body: HTML }),
  },
  { name: 'connection refused', nature: 'temporary', act: () => 'refused' },
  { name: 'reset before the headers', nature: 'temporary', act: () => ({ kind: 'reset' }) },
  { name: 'answer lost', nature: 'lost', act: () => ({ kind: 'lost-answer' }) },
  { name: 'stall', nature: 'temporary', act: () => ({ kind: 'stall' }) },
  ...PARTS.flatMap((fraction): FaultRow[] => [
    {
      name: `reset at ${fraction * 100} % of the answer`,
      nature: 'temporary',
      takesBack: true,
      hits: 'answer body',
      act: () => ({ kind: 'reset-mid-body', fraction }),
    },
    {
      name: `closed at ${fraction * 100} % of the answer`,
      nature: 'temporary',
      hits: 'answer body',
      act: () => ({ kind: 'truncate', fraction }),
    },
    {
      name: `reset at ${fraction * 100} % of the request`,
      nature: 'temporary',
      hits: 'request body',
      act: ({ bytes }) => ({ kind: 'cut-upload', atByte: Math.max(1, Math.floor(bytes * fraction)) }),
    },
  ]),
  {
    name: 'stall at 50 % of the answer',
    nature: 'temporary',
    hits: 'answer body',
    act: () => ({ kind: 'stall-mid-body' }),
  },
  { name: 'truncated body', nature: 'damage', hits: 'answer body', act: () => ({ kind: 'short-body' }) },
  {
    name: 'one flipped bit',
    nature: 'damage',
    hits: 'answer body',
    isSubtle: true,
    act: () => ({ kind: 'flip-bit' }),
  },
  {
    name: 'one flipped bit of the request',
    nature: 'damage',
    hits: 'request body',
    act: () => ({ kind: 'flip-request-bit' }),
  },
  {
    name: 'wrong Docker-Content-Digest',
    nature: 'mislabelled',
    misleads: true,
    act: () => ({ kind: 'wrong-digest-header' }),
  },
  {
    name: 'wrong Content-Type',
    nature: 'mislabelled',
    act: () => ({ kind: 'headers', headers: { 'Content-Type': 'text/html' } }),
  },
  {
    name: '202 without a digest',
    nature: 'mislabelled',
    hits: 'request body',
    act: () => ({ kind: 'headers', status: 202, headers: { 'Docker-Content-Digest': undefined } }),
  },
  {
    name: '401 in the middle',
    nature: 'final',
    cured: 'all',
    challenges: true,
    act: ({ host }) =>
      status(401, {
        headers: { 'WWW-Authenticate': `Bearer realm="http://${host}/token",service="${host}"` },
      }),
  },
  { name: '401 without a challenge', nature: 'final', cured: 'all', act: () => status(401) },
  { name: '403', nature: 'final', act: () => refusal(403, 'DENIED') },
  {
    name: '400 MANIFEST_INVALID',
    nature: 'final',
    cured: 'writes',
    act: () => refusal(400, 'MANIFEST_INVALID'),
  },
  {
    name: '404 BLOB_UPLOAD_UNKNOWN',
    nature: 'final',
    cured: 'uploads',
    act: () => refusal(404, 'BLOB_UPLOAD_UNKNOWN'),
  },
  { name: '416', nature: 'final', cured: 'all', act: () => refusal(416, 'RANGE_INVALID') },
  {
    name: 'garbage JSON',
    nature: 'strange',
    act: () => status(200, { headers: { 'Content-Type': 'application/json' }, body: '{"tags": [}' }),
  },
  {
    name: 'a web page',
    nature: 'strange',
    act: () => status(200, { headers: { 'Content-Type': 'text/html' }, body: HTML }),
  },
  { name: 'connection closed after the answer', nature: 'harmless', act: () => ({ kind: 'hang-up' }) },
];

function status(code: number, more: Pick<FaultAct & { kind: 'status' }, 'headers' | 'body'> = {}): FaultAct {
  return { kind: 'status', status: code, ...more };
}

function refusal(code: number, word: string): FaultAct {
  return status(code, {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ errors: [{ code: word, message: 'no' }] }),
  });
}

function dated(now: number): Record<string, string> {
  return {
    'Retry-After': new Date(now + RETRY_AFTER * 1000).toUTCString(),
    Date: new Date(now).toUTCString(),
  };
}
