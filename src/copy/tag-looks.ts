import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';

/** What a tag is by now. */
export interface SeenTag {
  /** When it was looked at, in milliseconds of the monotonic clock. */
  readonly at: number;
  /** Undefined where it does not exist. */
  readonly digest: Digest | undefined;
}

interface LookPorts {
  readonly registry: ReadRegistry;
  readonly clock: Pick<Clock, 'monotonic'>;
}

interface TagList {
  readonly at: number;
  readonly tags: { has(tag: Tag): boolean };
}

/**
 * Looks at the tags of a repository, each right before it is written: what was seen long ago says little. Where a list
 * must be short, because the repository was new, one list does for all that are not in it.
 */
export class TagLooks {
  readonly #repository: Repository;
  readonly #ports: LookPorts;
  readonly #isListed: boolean;
  #list: Promise<TagList | undefined> | undefined;

  constructor(repository: Repository, { isListed, ...ports }: LookPorts & { readonly isListed: boolean }) {
    this.#repository = repository;
    this.#ports = ports;
    this.#isListed = isListed;
  }

  /** Throws what the registry throws: such a tag must not be written. */
  async look(tag: Tag, signal: AbortSignal): Promise<SeenTag> {
    const { registry, clock } = this.#ports;
    const list = this.#isListed ? await (this.#list ??= this.#askForList(signal)) : undefined;
    if (list !== undefined && !list.tags.has(tag)) return { at: list.at, digest: undefined };
    const at = clock.monotonic();
    return { at, digest: await registry.resolve(this.#repository, tag, signal) };
  }

  /** Undefined where there is none to be had: a registry that gives no list may still answer for each tag. */
  async #askForList(signal: AbortSignal): Promise<TagList | undefined> {
    const { registry, clock } = this.#ports;
    const at = clock.monotonic();
    const listing = await registry.list(this.#repository, signal).catch(orNone);
    if (listing === undefined) return undefined;
    return { at, tags: listing.kind === 'missing' ? new Set<Tag>() : listing.tags };
  }
}

function orNone(error: unknown): undefined {
  if (!(error instanceof RegistryError)) throw error;
}
