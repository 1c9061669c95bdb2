import { isAbort, messageOf, mostInformative } from '../base/errors.ts';
import type { Repository } from '../image/repository.ts';
import { hostFaultOf } from '../ports/registry-error.ts';
import type { Claim } from './claim.ts';
import type { Gap, ImageState, PlaceState } from './examine-image.ts';
import type { MissingPart, SignedPlace } from './signing.ts';
import type { StoreGate } from './store-gate.ts';

export interface RepairPorts {
  /** Shared by all images of a run. */
  readonly gate: StoreGate;
  /** Nothing more is signed once it aborts. */
  readonly stopping: AbortSignal;
  /** Ends requests in flight. */
  readonly signal: AbortSignal;
}

/** Signs and stores the missing parts of an image. A failure of one destination is the outcome of that one. */
export function repairImage(state: ImageState, repair: RepairPorts): Promise<readonly SignedPlace[]> {
  return Promise.all(
    state.places.map(async (place): Promise<SignedPlace> => {
      const known = judgePlace(place, state.digest);
      if (known.outcome !== 'unsigned') return known;
      const thrown = await fillGaps(place, repair);
      return thrown.length === 0 ? { ...known, outcome: 'signed' } : failedBy(thrown, { known, repair });
    }),
  );
}

/** The outcome of a destination where nothing is written. */
export function judgePlace(
  { repository, gaps, failure }: PlaceState,
  digest: SignedPlace['digest'],
): SignedPlace {
  const place = { repository, digest, missing: partsOf(gaps), reason: '' };
  if (failure !== undefined)
    return { ...place, outcome: 'failed', reason: messageOf(failure), fault: hostFaultOf(failure) };
  return { ...place, outcome: gaps.length === 0 ? 'present' : 'unsigned' };
}

/** The outcome of a destination that the run did not reach. */
export function notAttempted(repository: Repository, digest: SignedPlace['digest']): SignedPlace {
  const reason = 'the run was stopped before it was signed: the next run signs it';
  return { repository, digest, outcome: 'not-attempted', missing: [], reason };
}

async function fillGaps(
  { repository, gaps }: PlaceState,
  { gate, signal }: RepairPorts,
): Promise<readonly unknown[]> {
  const store = (claims: readonly Claim[]) =>
    errorsOf(
      claims.map((claim) => {
        const kind = claim.part === 'signature-tag' ? 'tags' : 'referrers';
        return gate.run(`${repository} ${kind}`, () => claim.store(repository, signal));
      }),
    );
  const filled = gaps.map(async ({ children, root }) => {
    const thrown = await store(children);
    return thrown.length > 0 ? thrown : store([root]); // the root shows that its children are stored
  });
  return (await Promise.all(filled)).flat();
}

async function errorsOf(work: readonly Promise<void>[]): Promise<readonly unknown[]> {
  const results = await Promise.allSettled(work);
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
}

function failedBy(
  thrown: readonly unknown[],
  { known, repair }: { readonly known: SignedPlace; readonly repair: RepairPorts },
): SignedPlace {
  const { stopping, signal } = repair;
  const error = mostInformative(thrown);
  if (isAbort(error, stopping) || isAbort(error, signal))
    return { ...notAttempted(known.repository, known.digest), missing: known.missing };
  return { ...known, outcome: 'failed', reason: messageOf(error), fault: hostFaultOf(error) };
}

function partsOf(gaps: readonly Gap[]): readonly MissingPart[] {
  const parts = gaps.flatMap(({ children, root }) => [...children, root].map(({ part }) => part));
  return Array.from(new Set(parts)).toSorted();
}
