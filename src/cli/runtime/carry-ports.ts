import type { CarryOptions } from '../../apply.ts';
import type { Acceptance, CarrySelection } from '../../copy/carry/selection.ts';
import type { AttachmentFinder } from '../../attachments/attachment-finder.ts';
import type { BrowseRegistry, WriteRegistry } from '../../ports/registry.ts';
import { InputError } from '../flags/usage-error.ts';

/** The part of a registry client that attachments are carried with. */
export interface CarryClient {
  readonly registry: WriteRegistry & BrowseRegistry;
  readonly destination: WriteRegistry & BrowseRegistry;
  /** The finder of verification, and the attachments that it accepts. Unset: nothing is verified. */
  readonly finder?: AttachmentFinder | undefined;
  readonly accepted?: Acceptance | undefined;
}

/**
 * The ports for the attachments of a run. A dry run does not request the right to push. Throws an `InputError` if accepted
 * attachments are selected in a run that verifies none.
 */
export function carryPortsOf(
  { carry, task }: { readonly carry: CarrySelection | undefined; readonly task: string },
  { registry, destination, finder, accepted }: CarryClient,
): CarryOptions | undefined {
  if (carry === undefined) return undefined;
  if (carry.mode === 'accepted' && accepted === undefined) throw new InputError(NOTHING_VERIFIED);
  const selection = { ...carry, accepted };
  return { registry, destination: task === 'promotion' ? destination : registry, finder, selection };
}

const NOTHING_VERIFIED =
  '-carry=accepted copies the attachments that a run verifies, and this run verifies none: promote manifests with a ' +
  'signatures or provenance policy, or give -certificate-identity or -signature-key';
