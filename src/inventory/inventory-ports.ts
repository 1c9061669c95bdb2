import type { Repository } from '../image/repository.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import type { DestinationState } from './inventory.ts';

export interface InventoryPorts {
  readonly source: ReadRegistry;
  /** The registry to look up so many digests of sources in: one that keeps their manifests, say. Default: `source`. */
  readonly sourceFor?: (digests: number) => ReadRegistry;
  readonly destination: ReadRegistry;
  readonly progress: Progress;
  /** Repositories asked at a time at each host; the transport bounds the requests. */
  readonly workers: number;
}

/** Destinations as they have been read so far: more is learned of them as it is needed. */
export type Reading = InventoryPorts & { readonly destinations: Map<Repository, DestinationState> };
