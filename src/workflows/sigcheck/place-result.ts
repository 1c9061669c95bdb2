import type { HostFault } from '../../base/host-fault.ts';
import type { Digest } from '../../image/digest.ts';
import type { Reference } from '../../image/reference.ts';
import type { SigcheckDecision, SigcheckPart } from '../../report/sigcheck/sigcheck.ts';
import type { Place } from '../../sign/images-to-sign.ts';

/** The result for one digest at one destination. */
export interface PlaceResult {
  readonly place: Pick<Place, 'repository'> & Partial<Place>;
  /** Unset: the image of a reference could not be resolved. */
  readonly digest?: Digest | undefined;
  /** The tag or digest of that reference. */
  readonly reference?: Reference | undefined;
  readonly decision: SigcheckDecision;
  /** The parts that are missing; before the repair, where there was one. */
  readonly missing: readonly SigcheckPart[];
  /** Empty for `signed`. */
  readonly reason: string;
  readonly fault?: HostFault | undefined;
}

/** The reason of `not-checked`. */
export const STOPPED = 'the run was stopped before';

/** True for a result that a repair may change. */
export function isRepairable(decision: SigcheckDecision): boolean {
  return decision !== 'signed' && decision !== 'unreadable' && decision !== 'not-checked';
}
