import { assertNever } from '../../base/errors.ts';
import { oneLine } from '../../base/text.ts';
import type { Notice } from '../../browse/notice.ts';
import type { Log } from '../../ports/log.ts';

/** Logs the notices of a walk, and records whether its result is complete. */
export class BrowseWarnings {
  readonly #log: Log;
  readonly #absence: 'error' | 'warning';
  readonly #tagsOnlyHosts: Set<string>;
  readonly #missing = new Set<string>();
  #incomplete = false;
  #everything = false;
  #seesTagsOnly = false;

  /**
   * `absence`: the level for a named repository that does not exist. `tagsOnlyHosts`: hosts whose warning about tags-only
   * listings is in the log already.
   */
  constructor(
    log: Log,
    {
      absence,
      tagsOnlyHosts = new Set(),
    }: { readonly absence: 'error' | 'warning'; readonly tagsOnlyHosts?: Set<string> },
  ) {
    this.#log = log;
    this.#absence = absence;
    this.#tagsOnlyHosts = tagsOnlyHosts;
  }

  /** True once the result is incomplete. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  /** True where the registry could not be listed: the extent of the gap is unknown. */
  get everything(): boolean {
    return this.#everything;
  }

  /** True once the registry is known to list tags only. */
  get seesTagsOnly(): boolean {
    return this.#seesTagsOnly;
  }

  /** True for an image that could not be read completely. */
  has(name: string): boolean {
    return this.#missing.has(name);
  }

  /** Records a gap that is in the log already. */
  markIncomplete(): void {
    this.#incomplete = true;
  }

  readonly take = (notice: Notice): void => {
    switch (notice.kind) {
      case 'unreadable':
        this.#incomplete = true;
        if (notice.name === '') this.#everything = true;
        this.#missing.add(notice.name);
        return this.#log.write('error', `unreadable: ${notice.repository}: ${lineOf(notice.reason)}`);
      case 'unread-index':
        this.#incomplete = true;
        this.#missing.add(notice.name);
        return this.#log.write('error', `unreadable: ${notice.repository}@${notice.index}: ${KEPT}`, {
          reason: lineOf(notice.reason),
        });
      case 'unlisted':
        this.#incomplete = true;
        this.#everything = true;
        return this.#log.write(
          'error',
          `unreadable: ${notice.registry}: ${whyUnlisted(notice.listedCount)}`,
          {
            reason: lineOf(notice.reason),
          },
        );
      case 'conflict':
        this.#incomplete = true;
        return this.#log.write('error', `conflict: ${notice.repository}:${notice.tag}: ${notice.claims}`);
      case 'not-whole':
        return this.#log.write('info', `${notice.registry} ${NOT_WHOLE}`, { because: lineOf(notice.reason) });
      case 'not-there':
        if (this.#absence === 'error') this.#incomplete = true;
        return this.#log.write(this.#absence, `${notice.repository}: ${NOT_THERE}`);
      case 'holds-images':
        return this.#log.write('warning', `${notice.registry} holds images itself, ${RELATIVE}`, {
          parent: notice.parent,
        });
      case 'tags-only':
        this.#seesTagsOnly = true;
        if (this.#tagsOnlyHosts.has(notice.host)) return;
        this.#tagsOnlyHosts.add(notice.host);
        return this.#log.write('warning', `${notice.host} lists tags only: ${UNSEEN}`);
      case 'nothing-there': {
        const isFailure = notice.presence === 'absent' && this.#absence === 'error';
        if (isFailure) this.#incomplete = true;
        return this.#log.write(isFailure ? 'error' : 'warning', emptiness(notice));
      }
      case 'nothing-wanted':
        return this.#log.write('warning', `no manifest wants an image at or below ${notice.registry}`);
      case 'tag-not-there':
        return this.#log.write(
          'warning',
          `no image at or below ${notice.registry} has the tag ${notice.tag}`,
        );
      default:
        return assertNever(notice);
    }
  };
}

function emptiness({ registry, presence }: Extract<Notice, { readonly kind: 'nothing-there' }>): string {
  switch (presence) {
    case 'absent':
      return `${registry} does not exist: no repository at or below this path, check its spelling`;
    case 'present':
      return `${registry} is empty: it holds no image`;
    case 'unknown':
      return `no image at or below ${registry}: it is empty or does not exist (this registry answers the same for both)`;
    default:
      return assertNever(presence);
  }
}

const NOT_WHOLE =
  'cannot be read through the API of Artifact Registry, so its repositories are listed one by one';
const NOT_THERE = 'the repository does not exist or is empty: check its name';
const KEPT = 'the children of this index are unknown, so none of them was left out';
const RELATIVE = 'so all names are relative to its parent';
const UNSEEN = 'untagged digests that no tag, index or referrer leads to are not shown';

function whyUnlisted(listedCount: number): string {
  return listedCount === 0
    ? 'the registry does not list its repositories: name them with -snapshot-repositories=FILE or give manifests'
    : `its list of repositories breaks off after ${listedCount} of them: name the missing ones with -snapshot-repositories=FILE`;
}

/** A reason may quote a server; here it becomes one line of any length. */
function lineOf(reason: string): string {
  return oneLine(reason, Number.POSITIVE_INFINITY);
}
