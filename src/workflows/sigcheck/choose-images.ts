import { UploadTimes } from '../../checks/images/upload-age.ts';
import type { Wanted } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import type { ReportFinding } from '../../report/envelope.ts';
import { imagesToSign, type ImageToSign, type Place } from '../../sign/images-to-sign.ts';
import type { SigningPolicy } from '../../sign/signing.ts';
import { type PlaceResult, STOPPED } from './place-result.ts';

/** The images to examine, and the results that are known before. */
export interface Scope {
  readonly images: readonly ImageToSign[];
  readonly known: readonly PlaceResult[];
}

/** Limits by the time of the upload to the destination, in milliseconds since the epoch. */
export interface AgeLimits {
  /** Unset: no limit. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Older images need no attestation. */
  readonly attestationsSince?: number | undefined;
}

/** The images of manifests that destinations hold. A destination that cannot be read has a result for each image. */
export function scopeOf(wanted: Wanted, { destinations }: Inventory, policy: SigningPolicy): Scope {
  const stateOf = (repository: Repository) => destinations.get(repository);
  const holds = (repository: Repository, digest: Digest) => {
    const state = stateOf(repository);
    return state?.kind === 'read' && state.digests.has(digest);
  };
  const unread = imagesToSign(wanted, (repository) => stateOf(repository)?.kind !== 'read', policy);
  return {
    images: imagesToSign(wanted, holds, policy),
    known: placesOf(unread).map(({ digest, place }): PlaceResult => {
      const state = stateOf(place.repository);
      const base = { place, digest, missing: [] };
      return state?.kind === 'unreadable'
        ? { ...base, decision: 'unreadable', reason: state.reason, fault: state.fault }
        : { ...base, decision: 'not-checked', reason: STOPPED };
    }),
  };
}

/** The images within the limits of age, and the digests at destinations that need no attestation. */
export interface AgedImages {
  readonly images: readonly ImageToSign[];
  /** `repository@digest`. */
  readonly withoutAttestation: ReadonlySet<string>;
  readonly findings: readonly ReportFinding[];
}

/** Applies limits of age. An image whose upload time is unknown is examined, whatever the limits; a finding says so. */
export async function limitByAge(
  images: readonly ImageToSign[],
  limits: AgeLimits,
  {
    registry,
    now,
    signal,
  }: { readonly registry: ReadRegistry; readonly now: number; readonly signal: AbortSignal },
): Promise<AgedImages> {
  const { from, to, attestationsSince: since } = limits;
  if ([from, to, since].every((limit) => limit === undefined))
    return { images, withoutAttestation: new Set(), findings: [] };
  const times = new UploadTimes(registry, { now, signal });
  const unknown = new Map<string, string>();
  const withoutAttestation = new Set<string>();
  const isWithin = async (digest: Digest, { repository }: Place) => {
    const time = await times.of(digest, [repository]);
    if (typeof time !== 'number') {
      unknown.set(hostOf(repository), time.unknown);
      return true;
    }
    if (since !== undefined && time < since) withoutAttestation.add(`${repository}@${digest}`);
    return (from === undefined || time >= from) && (to === undefined || time <= to);
  };
  const limit = async ({ digest, places }: ImageToSign): Promise<ImageToSign> => {
    const kept = await Promise.all(places.map((place) => isWithin(digest, place)));
    return { digest, places: places.filter((_, index) => kept[index]) };
  };
  const limited = await Promise.all(images.map(limit)).catch((error: unknown) => {
    if (signal.aborted) return images; // a stopped run examines none of them
    throw error;
  });
  return {
    images: limited.filter(({ places }) => places.length > 0),
    withoutAttestation,
    findings: Array.from(unknown, ([host, reason]) => unknownAge(host, reason)),
  };
}

function unknownAge(host: string, reason: string): ReportFinding {
  return {
    rule: 'sigcheck-age',
    level: 'warn',
    message: `${host}: the upload times of images are not known, so they are checked whatever their age: ${reason}`,
    at: '',
    edges: [],
  };
}

/** Each digest at each of its destinations. */
export function placesOf(
  images: readonly ImageToSign[],
): readonly { readonly digest: Digest; readonly place: Place }[] {
  return images.flatMap(({ digest, places }) => places.map((place) => ({ digest, place })));
}
