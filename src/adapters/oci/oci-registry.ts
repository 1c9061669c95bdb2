import { CONNECTIONS, REQUEST_RETRY } from '../../base/limits-and-retries.ts';
import type { Secrets } from '../../base/secrets.ts';
import { withCircuitBreaker } from '../../http/circuit-breaker.ts';
import { withFirstContact } from '../../http/first-contact.ts';
import { completeNetworkOptions, type NetworkOptions } from '../../http/connect/network-options.ts';
import type { TrustedRealms } from '../../http/connect/realm-policy.ts';
import { hasHostDirectory } from '../../http/connect/tls-files.ts';
import { type RateLimits, DEFAULT_RATE_LIMITS } from '../../http/limits/rate-limits.ts';
import { withRateLimits } from '../../http/limits/with-rate-limits.ts';
import { withRedirects } from '../../http/redirects.ts';
import type { Send } from '../../http/request.ts';
import { withRetry } from '../../http/retry.ts';
import { TrafficCounter } from '../../http/traffic.ts';
import { createWire } from '../../http/wire.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Keychain } from '../../ports/keychain.ts';
import type { Log } from '../../ports/log.ts';
import type { BrowseRegistry, WriteRegistry } from '../../ports/registry.ts';
import type { Traffic } from '../../ports/traffic.ts';
import { openBlob } from './api/blobs/blobs.ts';
import { checkBlob } from './api/blobs/check-blob.ts';
import { ChunkSupport } from './api/blobs/chunk-support.ts';
import { finishUpload } from './api/blobs/finish-upload.ts';
import { hasBlob } from './api/blobs/has-blob.ts';
import { cancelUpload, mountBlob, putBlob, resumeUpload, startUpload } from './api/blobs/uploads.ts';
import { readCatalog } from './api/catalog.ts';
import { Endpoints } from './api/endpoint.ts';
import { explainAbsence } from './api/explain-absence.ts';
import { HeadSupport } from './api/head-support.ts';
import { InvalidNames } from './api/invalid-names.ts';
import { listHost, listRepository, pickFromListing, readUploadTimes } from './api/listing.ts';
import { fetchManifest, fetchTagged, lookUpManifest, resolveManifest } from './api/manifests.ts';
import { putManifest, putReferrersIndex, putSignatureTag } from './api/put-manifest.ts';
import { listReferrers } from './api/referrers.ts';
import type { Session } from './api/session.ts';
import { withPreconditions } from './api/tag-precondition.ts';
import { withAuth } from './auth/authenticator.ts';

export interface OciRegistryOptions {
  readonly keychain: Keychain;
  readonly clock: Clock;
  /** Hosts to speak http to, besides loopback ones. */
  readonly plainHttp: Iterable<string>;
  /** Requests at a time, all hosts together. */
  readonly threads: number;
  /** Rate limits of hosts and identities. Default: Google's documented quotas. */
  readonly rateLimits?: RateLimits;
  readonly userAgent: string;
  /** Pairs `registry=token service` to send credentials to, beside those that belong together by name. */
  readonly trustedRealms?: TrustedRealms;
  /** Logs waits. */
  readonly log?: Log;
  /** Collects every secret that is sent. */
  readonly secrets?: Secrets;
  /** Certificates and proxies. Unset: no proxy, and the authorities that node and this system trust. */
  readonly network?: Partial<NetworkOptions>;
}

export interface OciRegistry {
  readonly registry: WriteRegistry & BrowseRegistry;
  /** The same for destinations: a refused read requests the right to push. */
  readonly destination: WriteRegistry & BrowseRegistry;
  readonly traffic: Traffic;
  readonly invalidNames: Pick<InvalidNames, 'hosts'>;
  /** Closes every connection. */
  close(): Promise<void>;
}

/** Milliseconds above which a wait is logged as information. */
const LONG_WAIT = 5000;

/** A client for every registry that speaks the OCI distribution specification. */
export function createOciRegistry(options: OciRegistryOptions): OciRegistry {
  const { certDirectories } = completeNetworkOptions(options.network);
  const endpoints = new Endpoints(options.plainHttp, (host) => hasHostDirectory(certDirectories, host));
  const wire = createWire({
    originOf: (host) => endpoints.originOf(host),
    trusted: options.trustedRealms ?? new Set(),
    network: options.network ?? {},
    connections: Math.min(options.threads, CONNECTIONS.perLoneHost),
    userAgent: options.userAgent,
    secrets: options.secrets,
  });
  return createRegistryOver(wire, { ...options, endpoints });
}

/** The same client over another wire. */
export function createRegistryOver(
  wire: { readonly send: Send; readonly close: () => Promise<void> },
  options: OciRegistryOptions & { readonly endpoints?: Endpoints },
): OciRegistry {
  const { endpoints = new Endpoints(options.plainHttp) } = options;
  const traffic = new TrafficCounter(options.clock);
  const send = buildTransport(wire.send, { options, endpoints, traffic });
  const invalidNames = new InvalidNames();
  const [chunks, heads] = [new ChunkSupport(), new HeadSupport()];
  const session = { send, endpoints, chunks, heads, invalidNames, clock: options.clock };
  const destination = makeRegistry({ ...session, readsToWrite: true });
  return { registry: makeRegistry(session), destination, traffic, invalidNames, close: wire.close };
}

/**
 * The layers of a request, from the wire outwards: each wraps the one above, and says one thing.
 *
 * 1. the wire: connections, TLS, proxies, addresses, time limits, user agent, secrets that were sent
 * 2. traffic: counts of messages and bytes, by host
 * 3. first contact: a host that has never answered is given up
 * 4. redirects: the last response of a chain, its body sound
 * 5. preconditions: a tag is checked right before it is written, with the same credentials
 * 6. auth: challenges, tokens, hints; responses of other origins are marked as foreign
 * 7. rate limits: a turn in the rates of host and identity, and a slot
 * 8. retry: the one loop, which sends again as `classifyAttempt` decides
 * 9. circuit breaker: a host that fails requests with all their attempts is spared
 */
function buildTransport(
  wire: Send,
  {
    options,
    endpoints,
    traffic,
  }: { options: OciRegistryOptions; endpoints: Endpoints; traffic: TrafficCounter },
): Send {
  const { keychain, clock, threads } = options;
  const counted = traffic.wrap(wire); // every message: tokens, redirects and checks of tags included
  const met = withFirstContact(counted, { clock });
  const followed = withRedirects(met);
  const checked = withPreconditions(followed);
  const authenticated = withAuth(checked, {
    keychain,
    clock,
    originOf: (host) => endpoints.originOf(host),
    onIdentity: (host, name) => traffic.nameIdentity(host, name),
    trustedRealms: options.trustedRealms ?? new Set(),
  });
  const rateLimits = options.rateLimits ?? DEFAULT_RATE_LIMITS;
  const { perHost, perLoneHost } = CONNECTIONS;
  const limits = { threads, perHost, perLoneHost, rateLimits };
  const limited = withRateLimits(authenticated, { ...limits, clock, keychain });
  const retried = withRetry(limited, {
    clock,
    policy: REQUEST_RETRY,
    onRetry: (host, delay, why) => {
      traffic.countRetry(host);
      const level = delay >= LONG_WAIT ? 'info' : 'debug';
      options.log?.write(level, 'retrying', { host, wait: Math.round(delay), why });
    },
  });
  return withCircuitBreaker(retried, {
    clock,
    onDown: (host, why) => {
      options.log?.write('warning', 'host is down: probing it every 10 s', { host, why });
    },
  });
}

function makeRegistry(session: Session): WriteRegistry & BrowseRegistry {
  return {
    resolve: (repository, reference, signal) => resolveManifest(session, { repository, reference, signal }),
    fetchManifest: (repository, digest, signal) => fetchManifest(session, { repository, digest, signal }),
    lookUp: (repository, reference, signal) => lookUpManifest(session, { repository, reference, signal }),
    fetchTagged: (repository, tag, signal) => fetchTagged(session, { repository, tag, signal }),
    catalog: (registry, signal) => readCatalog(session, { registry, signal }),
    referrers: (repository, digest, signal) => listReferrers(session, { repository, digest, signal }),
    listHost: (host, signal) => listHost(session, { host, signal }),
    list: (repository, signal) => listRepository(session, { repository, signal }),
    readList: (repository, read, signal) => pickFromListing(session, { repository, read, signal }),
    uploadTimes: (repository, signal) => readUploadTimes(session, { repository, signal }),
    explainAbsence: (repository, signal) => explainAbsence(session, { repository, signal }),
    hasBlob: (repository, blob, signal) => hasBlob(session, { repository, blob, signal }),
    openBlob: (repository, blob, signal) => openBlob(session, { repository, blob, signal }),
    checkBlob: (repository, check, signal) => checkBlob(session, { repository, ...check, signal }),
    mountBlob: (repository, mount, signal) => mountBlob(session, { repository, ...mount, signal }),
    putBlob: (repository, put, signal) => putBlob(session, { repository, ...put, signal }),
    startUpload: (repository, signal) => startUpload(session, { repository, signal }),
    finishUpload: (upload, signal) => finishUpload(session, { ...upload, signal }),
    resumeUpload: (upload, signal) => resumeUpload(session, upload, signal),
    cancelUpload: (upload, signal) => cancelUpload(session, upload, signal),
    putManifest: (repository, put, signal) => putManifest(session, { repository, ...put, signal }),
    putReferrersIndex: (repository, put, signal) =>
      putReferrersIndex(session, { repository, ...put, signal }),
    putSignatureTag: (repository, put, signal) => putSignatureTag(session, { repository, ...put, signal }),
  };
}
