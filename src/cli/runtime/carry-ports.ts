import type { CarryOptions } from '../../apply.ts';
import type { CarrySelection } from '../../copy/carry/selection.ts';
import type { AttachmentFinder } from '../../attachments/attachment-finder.ts';
import type { BrowseRegistry, WriteRegistry } from '../../ports/registry.ts';

/** The part of a registry client that attachments are carried with. */
export interface CarryClient {
  readonly registry: WriteRegistry & BrowseRegistry;
  readonly destination: WriteRegistry & BrowseRegistry;
  /** The attachments that were found and accepted before the copy. Unset: none were looked for. */
  readonly finder?: AttachmentFinder | undefined;
  readonly isAccepted?: CarrySelection['isAccepted'];
}

/** The ports for the attachments of a run. A dry run does not request the right to push. */
export function carryPortsOf(
  { carry, task }: { readonly carry: CarrySelection | undefined; readonly task: string },
  { registry, destination, finder, isAccepted }: CarryClient,
): CarryOptions | undefined {
  if (carry === undefined) return undefined;
  const selection = { ...carry, ...(isAccepted && { isAccepted }) };
  return { registry, destination: task === 'promotion' ? destination : registry, finder, selection };
}
