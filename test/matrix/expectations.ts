import type { FaultRow } from './fault-table.ts';
import type { TroubledRequest } from './request-classes.ts';

/** One cell of the matrix. */
export interface Cell<Request extends TroubledRequest> {
  readonly request: Request;
  readonly fault: FaultRow;
  /** How often it happens; may be Infinity. */
  readonly times: number;
}

type AnyCell = Cell<TroubledRequest>;

/**
 * What becomes of the edges that the request is for: they are promoted, or reported as failed. `either` where both are
 * right answers to what the server says: then the report has to agree with what is there, as it always has.
 */
export type Expected = 'succeeds' | 'fails' | 'either';

export function expectedOf(cell: AnyCell): Expected {
  const { fault } = cell;
  if (!isFelt(cell)) return 'succeeds';
  switch (fault.nature) {
    case 'harmless':
      return 'succeeds';
    case 'temporary':
    case 'quota':
      return isLasting(cell) ? lasting(cell) : 'succeeds';
    case 'lost':
      return isLasting(cell) ? 'either' : 'succeeds';
    case 'damage':
      return isLasting(cell) || isUnseen(cell) ? lastingDamage(cell) : 'succeeds';
    case 'final':
      return finalAnswer(cell);
    case 'strange':
      return 'either';
  }
}

/** False where what the fault damages does not exist. */
function isFelt({ request, fault }: AnyCell): boolean {
  return fault.hits !== 'answer body' || request.brings !== 'a word';
}

function isLasting({ times }: AnyCell): boolean {
  return times === Infinity;
}

/** A list of digests has no digest itself. */
function isUnseen({ request, fault }: AnyCell): boolean {
  return fault.isSubtle === true && request.brings === 'digests';
}

function lasting({ request }: AnyCell): Expected {
  return request.ladder ? 'either' : 'fails';
}

/** A document of another kind may still be one after damage: nothing tells. */
function lastingDamage({ request }: AnyCell): Expected {
  return request.brings === 'content' ? 'fails' : 'either';
}

function finalAnswer({ request, fault, times }: AnyCell): Expected {
  const cured = fault.cured === 'all' || (fault.cured === 'uploads' && request.sends === 'blob');
  if (cured && times === 1 && request.name !== 'token') return 'succeeds';
  const isWrite = request.sends !== undefined || request.name === 'open';
  return isWrite && times === Infinity ? 'fails' : 'either';
}

/** What a run with a fault may ask and move more than one without. */
export interface Allowance {
  readonly requests: number;
  /** Bytes of blobs, read and sent. */
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/** Of one request, first attempts not counted. */
const MORE_ATTEMPTS = 7;
/** Requests that ten minutes of patience have room for, at five seconds each and some that overlap. */
const MORE_WHEN_PATIENT = 130;
/** A new attempt of an upload looks, opens, reads, sends and cancels; and may need a token for that. */
const UPLOAD = 7;
/** After a mount that fails: a look, and an upload whose opening fails as often. */
const NEXT_RUNG = 2 + MORE_ATTEMPTS;
/** What an answer that is no temporary failure may lead to instead: a new token, a look, a whole upload. */
const DETOUR = 2 + UPLOAD;
/** Bytes of manifests, tokens and error messages. */
const SMALL_CHANGE = 16 * 1024;

/** `inBaseline`: how many such requests a run without faults makes. */
export function allowanceOf(cell: AnyCell, inBaseline: number): Allowance {
  const { request, fault } = cell;
  const occurrences = Math.min(cell.times, moreAttempts(cell) * inBaseline);
  const movedAgain = Math.min(cell.times, moreAttempts(cell)) * (request.again ?? request.bytes);
  const isSent = isOfUpload(request) || isUnnoticedUntilSent(cell);
  const detours = request.ladder && cell.times === Infinity ? inBaseline * NEXT_RUNG : 0;
  return {
    requests: occurrences * costOf(cell) + detours,
    bytesOut: SMALL_CHANGE + (resumes(cell) ? 0 : movedAgain),
    bytesIn: SMALL_CHANGE + (isSent && fault.nature !== 'lost' ? movedAgain : 0),
  };
}

/** A failure of it is one of the upload, which goes on or begins anew. */
function isOfUpload({ sends, again }: TroubledRequest): boolean {
  return sends === 'blob' || again !== undefined;
}

function moreAttempts({ request, fault }: AnyCell): number {
  if (fault.nature === 'quota') return MORE_WHEN_PATIENT;
  return request.name === 'challenge' || fault.nature === 'strange' ? MORE_ATTEMPTS + 1 : MORE_ATTEMPTS;
}

function costOf(cell: AnyCell): number {
  const { request, fault } = cell;
  if (!isFelt(cell)) return UPLOAD; // of whatever comes next over a connection that is spoiled
  if (fault.nature === 'final' || fault.nature === 'strange') return DETOUR;
  return isOfUpload(request) || (request.name === 'GET blob' && fault.nature === 'damage') ? UPLOAD : 1;
}

/** A large blob goes on where it broke off; a reset takes with it what had come and was not read yet. */
function resumes({ request, fault }: AnyCell): boolean {
  const isCut = fault.hits === 'answer body' && fault.nature === 'temporary' && !fault.takesBack;
  return request.name === 'GET blob' && isCut;
}

/** A large blob is sent while it is read. */
function isUnnoticedUntilSent({ request, fault }: AnyCell): boolean {
  return request.name === 'GET blob' && fault.nature === 'damage';
}
