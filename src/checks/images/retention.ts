import { forEachInLanes } from '../../base/concurrency.ts';
import { isObject, parseJsonObject } from '../../base/json.ts';
import { countOf, listSome } from '../../base/text.ts';
import { isIndexType } from '../../image/media-types.ts';
import { parseReferences } from '../../image/oci-manifest.ts';
import { formatReference } from '../../image/reference.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import type { RepositoryFactsReader } from '../../ports/repository-facts.ts';
import { orUnreadable } from '../../ports/unreadable.ts';
import { type ImageToCopy, imagesToCopy, sourceHostOf } from '../images-to-copy.ts';
import type { Found, PlanRule } from '../rule.ts';
import { concernsOf } from './root-manifests.ts';
import { describeAge, UploadTimes } from './upload-age.ts';

/** Milliseconds: a pull request that waits two weeks for its approval is not rare. */
const DEFAULT_WITHIN = 14 * 24 * 3_600_000;

export interface RetentionOptions {
  /** Milliseconds that a digest must remain at its source. */
  readonly within?: number | undefined;
  /** Milliseconds after which a source deletes a digest, if its policies cannot be read. Unset: not known. */
  readonly keep?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly facts: RepositoryFactsReader | undefined;
}

/** Finds images that their source deletes soon: their promotion has to be merged before. */
export function retention({ within = DEFAULT_WITHIN, keep, now, facts }: RetentionOptions): PlanRule {
  return {
    name: 'retention',
    level: 'off',
    check: async (plan, { source, workers, report }, signal) => {
      const uploads = new UploadTimes(source, { now, signal });
      const lanes = { laneOf: sourceHostOf, workers, signal };
      const unchecked: ImageToCopy[] = [];
      await forEachInLanes(imagesToCopy(plan), lanes, async (image) => {
        const [repository] = image.sources;
        if (repository === undefined) return;
        const settings = await facts?.factsOf(repository, signal);
        const limit = settings?.deletesAfter ?? keep;
        if (limit === undefined && settings !== undefined) return; // it deletes nothing
        if (limit === undefined) {
          unchecked.push(image);
          return;
        }
        const uploaded = await uploads.of(image.digest, [repository]);
        const isUploaded = typeof uploaded === 'number';
        const since = isUploaded ? uploaded : await readCreated(image, { repository, source }, signal);
        if (since === undefined) unchecked.push(image);
        else if (now - since > limit - within)
          report(deletedSoon(image, { repository, since, limit, now, isUploaded }));
      });
      if (unchecked.length > 0) report(notChecked(unchecked));
    },
  };
}

interface Deadline {
  readonly repository: Repository;
  readonly since: number;
  readonly limit: number;
  readonly now: number;
  /** False if `since` is the time in the config. */
  readonly isUploaded: boolean;
}

function deletedSoon(image: ImageToCopy, { repository, since, limit, now, isUploaded }: Deadline): Found {
  const name = formatReference(repository, image.digest);
  const age = `${isUploaded ? 'uploaded' : 'created'} ${describeAge(now - since)} ago`;
  const isLate = since + limit <= now;
  return {
    message: `${name} was ${age}, and its source deletes after ${describeAge(limit)}`,
    advice: isLate ? 'promote it now' : `promote it before ${new Date(since + limit).toISOString()}`,
    ...concernsOf(image),
  };
}

/** A chosen rule that checks nothing must not look like one that found nothing. */
function notChecked(images: readonly ImageToCopy[]): Found {
  const sources = new Set(images.flatMap(({ sources: [first] }) => first ?? []));
  return {
    level: 'warn',
    message: `retention of ${countOf(images.length, 'image')} was not checked, no deletion or upload time is known: ${listSome(Array.from(sources))}`,
    advice:
      'set "keep" of the rule in .cip.yaml, or bind a service account that can read the cleanup policies',
    at: undefined,
    edges: [],
  };
}

/** Reproducible builds have constant times in 1970 or 1980, long before the first container image. */
const EARLIEST = Date.parse('2013-01-01');

/** The creation time of an image in its config; of an index, that of its first image. Undefined if it has none. */
async function readCreated(
  { digest }: ImageToCopy,
  at: { readonly repository: Repository; readonly source: ReadRegistry },
  signal: AbortSignal,
): Promise<number | undefined> {
  const created = await orUnreadable(readConfigTime(digest, at, signal), signal);
  return typeof created === 'number' && created > EARLIEST ? created : undefined;
}

async function readConfigTime(
  digest: ImageToCopy['digest'],
  { repository, source }: { readonly repository: Repository; readonly source: ReadRegistry },
  signal: AbortSignal,
): Promise<number | undefined> {
  let manifest = await source.fetchManifest(repository, digest, signal);
  if (manifest !== undefined && isIndexType(manifest.mediaType)) {
    const [child] = parseReferences(manifest).manifests;
    manifest = child && (await source.fetchManifest(repository, child.digest, signal));
  }
  const config = manifest && parseReferences(manifest).blobs[0];
  if (config === undefined || config.size > MAX_CONFIG_BYTES) return undefined;
  const body = await source.openBlob(repository, config, signal);
  if (!(body instanceof Uint8Array)) {
    body.destroy();
    return undefined;
  }
  const document = parseJsonObject(body);
  return isObject(document) && typeof document['created'] === 'string'
    ? Date.parse(document['created'])
    : undefined;
}

/** Far beyond any real config. */
const MAX_CONFIG_BYTES = 1024 * 1024;
