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
      if (isRefusedFirstContact(cell)) return 'either';
      return isLasting(cell) ? lasting(cell) : 'succeeds';
    case 'lost':
      return isLasting(cell) ? lastingLoss(cell) : 'succeeds';
    case 'damage':
      return damaged(cell);
    case 'final':
      return finalAnswer(cell);
    case 'mislabelled':
      return mislabelled(cell);
    case 'strange':
      return strangeAnswer(cell);
  }
}

/** False where what the fault damages does not exist. */
function isFelt({ request, fault }: AnyCell): boolean {
  return fault.hits !== 'answer body' || request.brings !== 'a word';
}

function isLasting({ times }: AnyCell): boolean {
  return times === Infinity;
}

/** A host that has never answered and refuses a request twice is given up; requests after that have one attempt each. */
function isRefusedFirstContact({ request, fault, times }: AnyCell): boolean {
  return fault.name === 'connection refused' && request.anonymous === true && times > 1 && times !== Infinity;
}

/** How much of it the other way meets as well is the fault's affair. */
function lasting({ request }: AnyCell): Expected {
  return request.ladder === 'always' ? 'either' : 'fails';
}

/** Whoever sends a blob, or writes a tag, looks whether it is there; what a digest names is written again only. */
function lastingLoss(cell: AnyCell): Expected {
  return isOfUpload(cell.request) || cell.request.sends === 'tag' ? 'succeeds' : lasting(cell);
}

function damaged(cell: AnyCell): Expected {
  const { request, fault, times } = cell;
  // a list of digests has no digest itself, and any JSON with another bit may be a document: nothing tells
  if (fault.isSubtle === true && (request.brings === 'digests' || isLasting(cell)))
    return request.brings === 'content' ? 'fails' : 'either';
  if (isLasting(cell)) return request.ladder === 'when refused' ? 'succeeds' : 'fails';
  // a manifest is written again once, and the second one meets the fault or does not
  return fault.hits === 'request body' && isManifest(request) && times > 1 ? 'either' : 'succeeds';
}

/** What says no is believed, unless it cannot be meant: then it is asked again. */
function finalAnswer(cell: AnyCell): Expected {
  const { request, fault, times } = cell;
  if (request.ladder === 'when refused') return 'succeeds';
  if (saysThatThereIsNone(cell)) return 'either';
  if (request.method === 'HEAD' && !mayBeHidden(cell)) return 'succeeds'; // GET is asked
  // it is what the first request to a host is answered anyway
  if (fault.challenges === true && request.anonymous === true) return 'succeeds';
  // what is refused without a challenge has one at /v2/
  if (request.anonymous === true && /^40[13]/.test(fault.name)) return 'succeeds';
  const tries = triesAgain(cell);
  if (times <= tries) return 'succeeds';
  // of several requests that are made at once some meet it, and some do not
  if (!isLasting(cell) && (tries > 0 || request.anonymous === true)) return 'either';
  return lasting(cell);
}

/** Of what is not there a GET says so, which those without rights cannot believe. */
function mayBeHidden({ request, fault }: AnyCell): boolean {
  return request.isAbsent === true && /^40[13]/.test(fault.name);
}

/** It is an answer to a question: what comes of it depends on who asks. */
export function saysThatThereIsNone({ request, fault }: AnyCell): boolean {
  const isList = request.brings === 'digests';
  // registries that know no referrers do not know the request either
  if (isList && fault.name.startsWith('400')) return true;
  const isQuestion = isList || request.method === 'HEAD' || request.name === 'listing';
  return isQuestion && fault.name.startsWith('404');
}

/** How often an answer that cannot be true is asked for again. */
const DOUBTS = 3;

/** How often a final answer is not the end. */
function triesAgain({ request, fault }: AnyCell): number {
  const { cured } = fault;
  if (request.ladder === 'always') return 1;
  // a read of a destination that is refused asks for the right to push as well
  const isRefused = /^40[13]/.test(fault.name);
  if (isRefused && request.name === 'token') return 1;
  if (cured === undefined) return isRefused && request.name === 'HEAD manifest' ? 1 : 0;
  if (isOfUpload(request)) return UPLOADS - 1;
  // a POST with a whole blob and one for a mount are denied before a plain upload is
  if (cured === 'uploads' && request.name === 'open') return 2;
  // a challenge asks for another token, and refuses the next one
  if (cured === 'all' || request.name === 'open') return fault.challenges === true ? 1 : DOUBTS;
  return cured === 'writes' && isManifest(request) ? DOUBTS : 0;
}

/** Bytes are judged by their digest, and what was stored by what is there; a HEAD has nothing but headers. */
function mislabelled(cell: AnyCell): Expected {
  const { request, fault } = cell;
  if (request.method !== 'HEAD') return 'succeeds';
  // only the HEAD of a tag says what that stands for
  return fault.misleads === true || isLasting(cell) ? 'either' : 'succeeds';
}

function strangeAnswer(cell: AnyCell): Expected {
  const { request } = cell;
  if (!isLasting(cell) || request.ladder === 'when refused') return 'succeeds';
  // the answer to a HEAD has no body to make no sense: its headers may
  return request.method === 'HEAD' ? 'either' : lasting(cell);
}

/** What a run with a fault may ask and move more than one without. */
export interface Allowance {
  readonly requests: number;
  /** Bytes of blobs, read and sent. */
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/** Attempts to send a blob. */
const UPLOADS = 5;
/** Of one request, first attempts not counted: in an outage of 30 s, with waits of 4 s at most. */
const MORE_ATTEMPTS = 13;
/** Of one request in ten minutes of patience, at five seconds each, with some that overlap. */
const MORE_WHEN_PATIENT = 180;
/** A new attempt of an upload looks, opens, reads, sends and cancels; and may need a token for that. */
const UPLOAD = 7;
/** After a mount that fails: a look, and an upload whose opening fails as often. */
const NEXT_RUNG = 2 + MORE_ATTEMPTS;
/** What an answer that is no temporary failure may lead to instead: a new token, a look, a whole upload. */
const DETOUR = 2 + UPLOAD;
/** Tags of a run that may wait for the same. */
const TAGS_THAT_WAIT = 2;
/** Bytes of manifests, tokens and error messages. */
const SMALL_CHANGE = 16 * 1024;

/** `inBaseline`: how many such requests a run without faults makes. */
export function allowanceOf(cell: AnyCell, inBaseline: number): Allowance {
  const { request, fault } = cell;
  const occurrences = Math.min(cell.times, moreAttempts(cell) * inBaseline);
  const movedAgain = Math.min(cell.times, moreAttempts(cell)) * (request.again ?? request.bytes);
  const isSent = isOfUpload(request) || isUnnoticedUntilSent(cell);
  const detours = isLasting(cell) ? inBaseline * afterLastAttempt(request) : 0;
  return {
    requests: occurrences * costOf(cell) + detours + looksOfOthers(cell),
    bytesOut: SMALL_CHANGE + (resumes(cell) ? 0 : movedAgain),
    bytesIn: SMALL_CHANGE + (isSent && fault.nature !== 'lost' ? movedAgain : 0),
  };
}

/**
 * Other tags that wait as long were seen long ago by then. A child whose manifest comes late lets a small blob of another
 * child be the first that is asked for, where a large one, which is always asked for, would have spared it that.
 */
function looksOfOthers({ request, fault }: AnyCell): number {
  if (request.sends === 'tag' || fault.nature === 'quota') return TAGS_THAT_WAIT;
  return request.side === 'source' && request.brings === 'content' ? 1 : 0;
}

/** Another way, or a look at the tag. */
function afterLastAttempt({ ladder, sends }: TroubledRequest): number {
  if (ladder === 'always') return NEXT_RUNG;
  return sends === 'tag' ? 1 : 0;
}

/** A failure of it is one of the upload, which goes on or begins anew. */
function isOfUpload({ sends, again }: TroubledRequest): boolean {
  return sends === 'blob' || again !== undefined;
}

function isManifest({ sends }: TroubledRequest): boolean {
  return sends === 'manifest' || sends === 'tag';
}

/** Of an answer that is none: whether it says no, makes no sense or has wrong headers. */
function isOdd({ fault: { nature } }: AnyCell): boolean {
  return nature === 'final' || nature === 'strange' || nature === 'mislabelled';
}

function moreAttempts(cell: AnyCell): number {
  const { request, fault } = cell;
  if (fault.nature === 'quota') return MORE_WHEN_PATIENT;
  if (isOdd(cell) && isManifest(request)) return DOUBTS;
  return request.name === 'challenge' || fault.nature === 'strange' ? MORE_ATTEMPTS + 1 : MORE_ATTEMPTS;
}

function costOf(cell: AnyCell): number {
  const { request, fault } = cell;
  if (!isFelt(cell)) return UPLOAD; // of whatever comes next over a connection that is spoiled
  if (isManifest(request)) return costOfManifest(cell);
  if (isOdd(cell)) return DETOUR;
  return isOfUpload(request) || (request.name === 'GET blob' && fault.nature === 'damage') ? UPLOAD : 1;
}

/** A token and the manifest again; the same and a look at the tag; a look that may be all; or the manifest alone. */
function costOfManifest(cell: AnyCell): number {
  const { request, fault } = cell;
  const looks = request.sends === 'tag' ? 1 : 0;
  if (isOdd(cell)) return 2 + looks;
  return fault.nature === 'lost' ? 1 : 1 + looks;
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
