import { addTo } from '../../base/maps.ts';
import { isAbort, messageOf } from '../../base/errors.ts';
import { sortedBy } from '../../base/sorted.ts';
import type { Digest } from '../../image/digest.ts';
import type { ImageReference } from '../../manifest/image-reference.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { hostFaultOf } from '../../ports/registry-error.ts';
import { type Place, publicNameOf } from '../../sign/images-to-sign.ts';
import type { SigningPolicy } from '../../sign/signing.ts';
import type { Scope } from './choose-images.ts';
import { type PlaceResult, STOPPED } from './place-result.ts';

/** The images of references. One that does not exist, or cannot be read, has a result. */
export async function resolveReferences(
  references: readonly ImageReference[],
  { registry, policy }: { readonly registry: ReadRegistry; readonly policy: SigningPolicy },
  signal: AbortSignal,
): Promise<Scope> {
  const images = new Map<Digest, Place[]>();
  const known: PlaceResult[] = [];
  const resolve = async (reference: ImageReference) => {
    const { repository } = reference;
    const name = reference.digest ?? reference.tag;
    if (name === undefined) return;
    const digest = await registry.resolve(repository, name, signal);
    if (digest === undefined)
      return void known.push(failed(reference, { reason: `${repository}: ${name} does not exist` }));
    const places = images.get(digest) ?? [];
    if (places.some((place) => place.repository === repository)) return;
    const want = { digest, tags: [], tagless: undefined, sources: [], siblings: [] };
    addTo(images, digest, { repository, publicName: publicNameOf(repository, policy.names), want });
  };
  await Promise.all(
    references.map((reference) =>
      resolve(reference).catch((error: unknown) => {
        const isStopped = signal.aborted || isAbort(error, signal);
        const result = failed(reference, { reason: messageOf(error), fault: hostFaultOf(error) });
        known.push(
          isStopped ? { ...result, decision: 'not-checked', reason: STOPPED, fault: undefined } : result,
        );
      }),
    ),
  );
  return {
    images: sortedBy(images, ([digest]) => digest).map(([digest, places]) => ({
      digest,
      places: sortedBy(places, ({ repository }) => repository),
    })),
    known,
  };
}

function failed(
  { repository, digest, tag }: ImageReference,
  { reason, fault }: Pick<PlaceResult, 'reason' | 'fault'>,
): PlaceResult {
  return {
    place: { repository },
    reference: digest ?? tag,
    decision: 'unreadable',
    missing: [],
    reason,
    fault,
  };
}
