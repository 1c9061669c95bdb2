import { cacheManifests } from '../../copy/manifest-cache.ts';
import { expandEdges } from '../../edges/expand-edges.ts';
import type { Shard } from '../../edges/shard.ts';
import { takeShard } from '../../edges/take-shard.ts';
import type { Wanted } from '../../edges/wanted.ts';
import { readInventory } from '../../inventory/read-inventory.ts';
import type { ImageReference } from '../../manifest/image-reference.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Progress } from '../../ports/progress.ts';
import type { BrowseRegistry, ReadRegistry } from '../../ports/registry.ts';
import type { SignatureVerifier, Signer } from '../../ports/signatures.ts';
import type { Spool } from '../../ports/spool.ts';
import type { Traffic } from '../../ports/traffic.ts';
import type { SignatureCheck } from '../../report/sigcheck/sigcheck.ts';
import type { ImageToSign } from '../../sign/images-to-sign.ts';
import type { PromotionFacts } from '../../sign/promotion-statements.ts';
import { ImageSigner } from '../../sign/sign-images.ts';
import type { SignatureStore } from '../../sign/signature-store.ts';
import type { SigningPolicy } from '../../sign/signing.ts';
import type { SignerIdentity } from '../../signature/stored-signature.ts';
import { carryAttachments, type CarryingPorts, type CarryResults } from './carry-attachments.ts';
import { checkImages } from './check-images.ts';
import { type AgeLimits, limitByAge, placesOf, scopeOf, type Scope } from './choose-images.ts';
import { makeSigcheck } from './make-sigcheck.ts';
import { resolveReferences } from './resolve-references.ts';

export interface SigcheckRequest {
  readonly read: ReadManifests;
  /** Images to check in place of those of manifests. Unset: those of manifests. */
  readonly references?: readonly ImageReference[] | undefined;
  readonly shard: Shard | undefined;
  readonly age: AgeLimits;
  /** Digests at most, in their order. Unset: all. */
  readonly limit: number | undefined;
  readonly policy: SigningPolicy;
  readonly facts: PromotionFacts;
  /** The expected signer in words. */
  readonly expected: string;
  /** Repairs what is missing. It needs a signer. */
  readonly confirm: boolean;
  /** Reports what is signed, too. */
  readonly reportAll: boolean;
  /** Concurrent requests. */
  readonly threads: number;
}

export interface SigcheckPorts {
  readonly registry: BrowseRegistry;
  readonly store: SignatureStore;
  readonly verifier: SignatureVerifier;
  /** Unset: signatures of `accepts` alone count, and nothing is repaired. */
  readonly signer?: Signer | undefined;
  readonly accepts: (signer: SignerIdentity) => boolean;
  /** Carries or compares the attachments of sources. Unset: they are not looked at. */
  readonly carrying?: CarryingPorts['carrying'] | undefined;
  readonly spool: Spool;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Nothing new is begun once it aborts. What is signed is stored. */
  readonly stopping: AbortSignal;
  /** Ends requests in flight. */
  readonly signal: AbortSignal;
}

/** Manifests → inventory → images → attachments of sources → examination → repair → report. A stopped run still has a report. */
export async function sigcheck(request: SigcheckRequest, ports: SigcheckPorts): Promise<SignatureCheck> {
  const { read, age, limit, confirm, reportAll, facts } = request;
  const { registry, clock, progress, signer, stopping, signal, store, verifier } = ports;
  const startedAt = clock.wallTime();
  const begun = clock.monotonic();
  const ending = AbortSignal.any([stopping, signal]);
  const policy = policyFor(request, ports);
  const wanted = takeShard(expandEdges(read.manifests), request.shard);
  const scope = await readScope({ ...request, policy }, { wanted, ports, ending });
  const aged = await limitByAge(scope.images, age, { registry, now: startedAt, signal: ending });
  const images = aged.images.slice(0, limit);
  const manifests = cacheManifests(registry);
  const carried = await carryMissing(images, { request, ports, source: manifests });
  const imageSigner = new ImageSigner({ policy, facts }, { ...ports, manifests });
  progress.begin('sign', images.length);
  const checking = {
    signer: imageSigner,
    evidence: { store, verifier },
    manifests,
    advance: () => progress.advance(),
    stopping,
  };
  const { withoutAttestation } = aged;
  const anyForm = signer === undefined;
  const checked = await checkImages(
    images,
    { ...request, policy, anyForm, withoutAttestation },
    { ports: checking, signal },
  );
  progress.end();
  return makeSigcheck({
    results: [...checked.map((result) => carried?.apply(result) ?? result), ...scope.known],
    findings: [...(carried?.findings ?? []), ...aged.findings],
    attachments: carried?.totals,
    shard: wanted.shard,
    confirmed: confirm,
    made: imageSigner.made,
    reportAll,
    startedAt,
    durationMs: clock.monotonic() - begun,
    stopped: stopping.aborted,
    manifests: countsOf(request, scope.images),
    problems: read.problems,
    traffic: ports.traffic.hosts(),
  });
}

function carryMissing(
  images: readonly ImageToSign[],
  {
    request: { confirm, threads },
    ports: { carrying, spool, clock, progress, stopping, signal },
    source,
  }: { readonly request: SigcheckRequest; readonly ports: SigcheckPorts; readonly source: ReadRegistry },
): Promise<CarryResults> | undefined {
  if (carrying === undefined) return undefined;
  const { destination } = carrying;
  const ports = { carrying, source, destination, spool, clock, threads, confirm, progress, stopping };
  return carryAttachments(images, ports, signal);
}

/**
 * Each child of an index is examined. Without a signer a statement for each digest is as good as one for all of them.
 * Attestations name a source, which references do not have.
 */
function policyFor({ policy, references }: SigcheckRequest, { signer }: SigcheckPorts): SigningPolicy {
  const { recursion, attest } = policy;
  return {
    ...policy,
    thorough: true,
    recursion: signer === undefined && recursion === 'joint' ? 'each' : recursion,
    attest: attest && references === undefined,
  };
}

async function readScope(
  { references, policy, threads }: SigcheckRequest,
  {
    wanted,
    ports,
    ending,
  }: { readonly wanted: Wanted; readonly ports: SigcheckPorts; readonly ending: AbortSignal },
): Promise<Scope> {
  const { registry, progress } = ports;
  if (references !== undefined) return await resolveReferences(references, { registry, policy }, ending);
  const reading = { source: registry, destination: registry, progress, workers: threads };
  return scopeOf(wanted, await readInventory(wanted, reading, ending), policy);
}

function countsOf({ read, references }: SigcheckRequest, images: readonly ImageToSign[]) {
  if (references === undefined) return read.counts;
  const repositories = new Set(placesOf(images).map(({ place }) => place.repository));
  return { projects: 0, images: repositories.size, digests: images.length };
}
