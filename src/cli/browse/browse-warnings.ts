import { assertNever } from '../../base/errors.ts';
import { oneLine } from '../../base/text.ts';
import type { Notice } from '../../browse/notice.ts';
import type { Log } from '../../ports/log.ts';

/** Logs the notices of a walk, and records whether its result is complete. */
export class BrowseWarnings {
  readonly #log: Log;
  readonly #absence: 'error' | 'warning';
  readonly #toldHosts: Set<string>;
  readonly #missing = new Set<string>();
  #incomplete = false;
  #everything = false;
  #seesTagsOnly = false;

  /**
   * `absence`: the level for a named repository that does not exist. `toldHosts`: hosts with a logged warning that they
   * list tags only.
   */
  constructor(
    log: Log,
    {
      absence,
      toldHosts = new Set(),
    }: { readonly absence: 'error' | 'warning'; readonly toldHosts?: Set<string> },
  ) {
    this.#log = log;
    this.#absence = absence;
    this.#toldHosts = toldHosts;
  }

  /** True once something that should be in the result is not. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  /** True where the registry could not be listed: the extent of the gap is unknown. */
  get everything(): boolean {
    return this.#everything;
  }

  /** True once the registry is known to show nothing but what its tags lead to. */
  get seesTagsOnly(): boolean {
    return this.#seesTagsOnly;
  }

  /** True for an image that could not be read, or not wholly. */
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
        return this.#log.write('error', `unreadable: ${notice.registry}: ${whyUnlisted(notice.told)}`, {
          reason: lineOf(notice.reason),
        });
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
        if (this.#toldHosts.has(notice.host)) return;
        this.#toldHosts.add(notice.host);
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
      return `no image at or below ${registry}: it is empty or does not exist, which this registry does not tell apart`;
    default:
      return assertNever(presence);
  }
}

const NOT_WHOLE =
  'cannot be read through the API of Artifact Registry, so its repositories are listed one by one';
const NOT_THERE =
  '-snapshot-repositories names it, and there is no such repository, or nothing in it to list';
const KEPT = 'what this index lists is not known, so nothing was left out for it';
const RELATIVE = 'so all names are relative to its parent';
const UNSEEN = 'untagged digests that no tag, index or referrer leads to are not seen';

function whyUnlisted(told: number): string {
  return told === 0
    ? 'the registry does not tell which repositories it has: name them with -snapshot-repositories=FILE or give manifests'
    : `its list of repositories breaks off after ${told} of them: name those that are missing with -snapshot-repositories=FILE`;
}

/** A reason may quote what a server has said; here it is one line, however long. */
function lineOf(reason: string): string {
  return oneLine(reason, Number.POSITIVE_INFINITY);
}
