import type { CarryOptions } from '../../apply.ts';
import type { CarrySelection } from '../../copy/carry/selection.ts';
import type { BrowseRegistry, WriteRegistry } from '../../ports/registry.ts';

/** The part of a registry client that attachments are carried with. */
export interface CarryClient {
  readonly registry: WriteRegistry & BrowseRegistry;
  readonly destination: WriteRegistry & BrowseRegistry;
}

/** The ports for the attachments of a run. A dry run does not request the right to push. */
export function carryPortsOf(
  { carry, task }: { readonly carry: CarrySelection | undefined; readonly task: string },
  { registry, destination }: CarryClient,
): CarryOptions | undefined {
  if (carry === undefined) return undefined;
  return { registry, destination: task === 'promotion' ? destination : registry, selection: carry };
}
