import { forEachInLanes } from '../../base/concurrency.ts';
import type { RawManifest } from '../../image/oci-manifest.ts';
import { formatReference } from '../../image/reference.ts';
import { edgeId, type Plan } from '../../plan/plan.ts';
import { orUnreadable } from '../../ports/unreadable.ts';
import {
  countDigestsToCopy,
  FEW,
  type ImageToCopy,
  imagesToCopy,
  isProven,
  type ProofScope,
  sourceHostOf,
} from '../images-to-copy.ts';
import type { CheckContext, Found } from '../rule.ts';
import { firstFound } from '../source-walk.ts';

/** A manifest to judge: that of an image to copy, at its source. */
export interface RootManifest {
  readonly image: ImageToCopy;
  /** `repository@digest`. */
  readonly name: string;
  readonly manifest: RawManifest;
}

/**
 * Judges the manifest of each image to copy. A run that proves its sources has read them, so they cost no request there.
 * With the scope `all` an image that cannot be read is a finding; otherwise `incomplete-source` reports it.
 */
export async function judgeManifests(
  plan: Plan,
  { context, scope }: { readonly context: CheckContext; readonly scope: ProofScope },
  signal: AbortSignal,
  judge: (root: RootManifest) => Found | undefined,
): Promise<void> {
  if (!isProven(scope, countDigestsToCopy(plan, FEW))) return;
  const { source, workers, report } = context;
  const lanes = { laneOf: sourceHostOf, workers, signal };
  await forEachInLanes(imagesToCopy(plan), lanes, async (image) => {
    const { digest, sources, siblings } = image;
    const name = sources[0] === undefined ? digest : formatReference(sources[0], digest);
    const reading = firstFound([...sources, ...siblings], (one) => source.fetchManifest(one, digest, signal));
    const manifest = await orUnreadable(reading, signal);
    if (manifest === undefined || 'kind' in manifest) {
      const reason = manifest === undefined ? 'it does not exist' : manifest.reason;
      const message = `the manifest of ${name} could not be read: ${reason}`;
      if (scope === 'all') report({ message, ...concernsOf(image) });
      return;
    }
    const found = judge({ image, name, manifest });
    if (found !== undefined) report(found);
  });
}

/** The place and the edges of an image. */
export function concernsOf({ edges }: Pick<ImageToCopy, 'edges'>): Pick<Found, 'at' | 'edges'> {
  return { at: edges[0]?.at[0], edges: edges.map(edgeId) };
}
