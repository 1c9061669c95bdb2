// Every number that decides how long a request waits, how often it is sent and how many are in flight. Times are in
// milliseconds unless a name says otherwise.
//
// How they multiply. `test/base/limits-and-retries.test.ts` derives each figure from the constants below.
//
// One attempt of a request
// - sends at most 24 messages: 4 with other credentials, each over up to 5 redirects;
// - ends after 45 s if the host accepts the request and does not answer, after 15 s if it accepts no connection
//   (60 s through a tunnel of a proxy), and after 300 s if an answer that is read whole is not complete.
//
// One request, all attempts
// - a silent host: 5 attempts of 45 s and 11 s of delays, 236 s;
// - a host that accepts no connections: 5 attempts of 15 s and 11 s of delays, 86 s;
// - the slowest complete answers: 5 attempts of 300 s and 11 s of delays, 1511 s;
// - an outage with lost connections: 10 to 18 attempts within 34 s, and at most 2 requests per second to a host that
//   is down, however many wait for it;
// - a host that has never answered: reads fail after 35 s, and after 1 s if it refuses connections or has no address;
// - refusals (429, or 503 with Retry-After): 44 to 84 attempts within 600 s; one Retry-After of up to 3600 s is obeyed.
//
// A host that fails for 60 s and fails 5 requests of a kind in a row: further ones fail at once, one every 10 s excepted.
//
// One image. Its blobs are uploaded at the same time, so the slowest one decides. A destination that opens uploads and
// then takes no bytes costs 5 attempts of 300 s and 11 s of delays, 1511 s; from 5 blobs on the circuit breaker ends
// the others after the first 300 s. Attempts start anew whenever an upload has come 1 MiB further.
//
// -threads T bounds the requests in flight at all hosts together to T, and to min(T, 32) at each host, or up to 64 while
// 2 threads are free for other hosts. Sources of uploads are read in slots of their own, again min(T, 32) at each host:
// with the default of 50 threads a host sees at most 80 connections. A token and the check of a tag use the slot of the
// request that needs them.

/** When a failed request is sent again. */
export interface RetryPolicy {
  /** Attempts, at least; refusals for want of quota do not count. */
  readonly attempts: number;
  /** Attempts continue for this time after the first failure: a host that restarts is back by then. */
  readonly outage: number;
  /** A host that refuses for want of quota is retried for this time after its first refusal. */
  readonly patience: number;
  /** The first delay, at most; it doubles with each attempt. */
  readonly firstDelay: number;
  /** The longest delay after a failure, and after a refusal, unless the server asks for more. */
  readonly maxDelay: number;
  readonly maxRefusalDelay: number;
  /** The longest `Retry-After` that is obeyed; beyond, the response is final. */
  readonly longestWait: number;
}

/** For a request. */
export const REQUEST_RETRY: RetryPolicy = {
  attempts: 5,
  outage: 30_000,
  firstDelay: 1000,
  maxDelay: 4000,
  maxRefusalDelay: 15_000,
  patience: 10 * 60_000,
  longestWait: 60 * 60_000,
};

/** For a whole upload: it costs many bytes, and the requests within it already wait for the end of an outage. */
export const UPLOAD_RETRY: RetryPolicy = { ...REQUEST_RETRY, outage: 0 };

/** For a manifest that a registry has accepted and does not have. */
export const MANIFEST_RETRY: RetryPolicy = { ...UPLOAD_RETRY, attempts: 4 };

/** Repetitions that follow at once, without a delay. */
export const REPETITIONS = {
  /** Reads of a damaged body: damage on the way goes away, damage on the disk does not. */
  damagedReads: 4,
  /** Implausible responses in a row before the next one is accepted. */
  implausible: 3,
  /** Sends of a request with other credentials. */
  credentials: 4,
  redirects: 5,
} as const;

/** A blob that is read on from where it broke off, and an upload that continues. */
export const RESUMPTION = {
  /** Breaks in a row of a body that is read, without progress between them. */
  breaks: 5,
  /** Bytes that are progress: breaks and attempts are counted anew. */
  progressBytes: 1024 * 1024,
} as const;

export const TIME_LIMITS = {
  /** For a connection, TLS included. */
  connect: 15_000,
  /** For the answer of a proxy to CONNECT: it makes a connection of its own before. */
  tunnel: 30_000,
  /** From the end of a request to the end of the headers of its answer. */
  answer: 45_000,
  /** The same after an upload: the registry hashes the bytes before it answers. */
  uploadAnswer: 180_000,
  /** From a request to the end of an answer that is read whole, or to the first byte of a stream. */
  wholeAnswer: 5 * 60_000,
  /** The same for the answer of an API of Google. */
  apiAnswer: 60_000,
  /** The same for a token: every request to its registry waits for it. */
  token: 30_000,
  /** Between two pieces of a body, while a reader waits for one. */
  idle: 60_000,
  /** Before a connection without a request is closed, unless the server announces less by `Keep-Alive`. */
  keepAlive: 30_000,
} as const;

/** A stream that is slower than this over a window is ended. */
export const MIN_SPEED = {
  bytesPerSecond: 1024,
  downloadWindow: 2 * 60_000,
  /** A registry may stop reading for a while to store the bytes. */
  uploadWindow: 5 * 60_000,
} as const;

/** A host that has never answered. */
export const FIRST_CONTACT = {
  /** Before the one further attempt after a refused connection. */
  refusedDelay: 1000,
  /** For its first answer, retries included. */
  limit: 30_000,
  /** For each attempt, at least. */
  minAttempt: 5_000,
  /** An attempt gets a third of the remaining time, so that some attempts may be lost. */
  attempts: 3,
  /** Between two requests after that: the host may be restarting. */
  probeInterval: 10_000,
} as const;

/** A host whose connections are refused or reset. */
export const HOST_DOWN = {
  /** Lost connections in a row, and the time since the first of them, before the host counts as down. */
  lost: 3,
  after: 1000,
  /** Between two requests to a host that is down: not longer than the shortest delay of a retry. */
  probeInterval: 500,
} as const;

/** A host that fails requests with all their attempts. */
export const CIRCUIT_BREAKER = {
  /** Failed requests in a row, and the time since the first of them, before the circuit opens. */
  failures: 5,
  after: 60_000,
  probeInterval: 10_000,
} as const;

/** Requests in flight to one host. */
export const CONNECTIONS = {
  /** More does not make a registry faster, fewer leave a distant one idle. */
  perHost: 32,
  /** The same while `spareThreads` are free for other hosts: a distant registry would be idle for most of the time. */
  perLoneHost: 64,
  spareThreads: 2,
  /** Before the first answer of a host; each answer adds one. */
  first: 8,
  /** Within this time a host resets a connection beyond its limit; later failures are timeouts. */
  resetTime: 5000,
} as const;

/**
 * Quotas of Artifact Registry for each project and region; each of these has its own host. `userPerMinute` is the quota
 * that Kubernetes' projects grant one identity; Google itself has no such limit.
 *
 * @see https://cloud.google.com/artifact-registry/quotas
 */
export const GOOGLE_QUOTAS = {
  requestsPerMinute: 60_000,
  writesPerMinute: 18_000,
  userPerMinute: 5_000,
  /** The share of a quota that is used: windows begin when the server likes, and clocks differ. */
  usedShare: 0.97,
} as const;

/** The pace of requests to one host. */
export const RATE_LIMITER = {
  /** Requests of this time may be sent at once after an idle time. */
  burst: 20,
  /** A wait is not shorter: the requests of that time are then sent together, with one timer. */
  minWait: 5,
  /** Requests per second that are always sent. */
  minRate: 0.5,
  /** Answers in the moving average of refusals, its first value, and the share at which the host is paused. */
  recentAnswers: 16,
  firstShare: 0.3,
  pauseShare: 0.5,
  /** Between probes of a paused host that names no time: a share of the pause so far, within bounds. */
  probeShare: 1 / 8,
  minProbeInterval: 1000,
  maxProbeInterval: 5000,
  /** Accepted requests that are enough to measure a rate. */
  enoughAccepted: 20,
  /** The shortest window of a measured rate: its time and its accepted requests. */
  minWindow: 1000,
  minWindowAccepted: 10,
  /** Of a trial, before its answers are judged. */
  minTrial: 1000,
  /** For this time a share of refusals is tolerated that may be random: a trial costs throughput. */
  tolerance: 10_000,
} as const;

/** The experiment that separates a limit from random failures, see `LearnedLimit`. */
export const LEARNED_LIMIT = {
  /** Failures beyond the expected ones that are evidence of a limit. */
  evidence: 4.5,
  /** The same after a trial without any failure: a single failure is enough. */
  evidenceAfterCleanTrial: 0.5,
  /** Answers of a clean trial, at least. */
  trialAnswers: 20,
  /** Trials that show failures at random: the first one may have begun from a wrong measurement. */
  randomTrials: 2,
  /** The share of failures in a trial from which on they cannot be random. */
  maxRandomShare: 0.5,
  /** Bounds of the share of failures that is expected without a limit. */
  minExpectedShare: 0.005,
  maxExpectedShare: 0.25,
  /** For this time a share of random failures is remembered. */
  memory: 20_000,
  /** From a lowered limit back to the sustained one. */
  recovery: 10_000,
  /** The logarithm of sustained ÷ lowered limit. */
  depth: 0.2,
  /** The growth of an unknown limit with each success: a rate doubles in less than two seconds. */
  growth: 0.7,
} as const;
