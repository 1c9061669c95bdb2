import { forEachInLanes } from '../base/concurrency.ts';
import { assertNever } from '../base/errors.ts';
import { listSome } from '../base/text.ts';
import { formatReference } from '../image/reference.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import { edgeId } from '../plan/plan.ts';
import {
  countDigestsToCopy,
  FEW,
  type ImageToCopy,
  imagesToCopy,
  isProven,
  type ProofScope,
  sourceHostOf,
} from './images-to-copy.ts';
import type { Found, PlanRule } from './rule.ts';
import { type Shortfall, SourceWalk } from './source-walk.ts';

/** Checks that all content of each image is at its source. Its promotion would fail otherwise. */
export function incompleteSource(scope: ProofScope): PlanRule {
  return {
    name: 'incomplete-source',
    level: 'error',
    check: async (plan, { report, progress, workers, ...ports }, signal) => {
      const digests = countDigestsToCopy(plan);
      if (!isProven(scope, digests)) return report(notProven(digests));
      const walked = new SourceWalk();
      const images = imagesToCopy(plan);
      const newRepositories = new Set(plan.newRepositories);
      progress.begin('proof', images.length);
      await forEachInLanes(images, { laneOf: sourceHostOf, workers, signal }, async (image) => {
        const destinations = new Set(image.edges.map(({ destination }) => destination));
        const sources = [...image.sources, ...image.siblings];
        const blobsAreKnown = areAtHosts(image.siblings, destinations);
        const empty = newRepositories;
        const walk = { ...image, sources, destinations, empty, blobsAreKnown, ...ports };
        const shortfall = await walked.findShortfall(walk, signal);
        if (shortfall !== undefined) report(describe(image, shortfall));
        progress.advance();
      });
      progress.end();
    },
  };
}

/** True if the host of every destination has one of the repositories. */
function areAtHosts(repositories: Iterable<Repository>, destinations: ReadonlySet<Repository>): boolean {
  const hosts = new Set(Array.from(repositories, hostOf));
  return Array.from(destinations).every((destination) => hosts.has(hostOf(destination)));
}

function notProven(digests: number): Found {
  return {
    level: 'warn',
    message: `${digests} digests are to be copied, and none of them is proven to be complete at its source: only fewer than ${FEW} digests are`,
    advice: 'prove them with -prove=all',
    at: undefined,
    edges: [],
  };
}

function describe(image: ImageToCopy, shortfall: Shortfall): Found {
  const { digest, edges, sources } = image;
  const name = sources[0] === undefined ? digest : formatReference(sources[0], digest);
  const concerns = { at: edges[0]?.at[0], edges: edges.map(edgeId) };
  switch (shortfall.kind) {
    case 'missing':
      return {
        ...concerns,
        message: `${name} is incomplete: ${describeMissing(shortfall, [...sources, ...image.siblings])}`,
        advice: 'push the image to its source again, or remove its digest from the manifest',
        edges: edges.filter(({ destination }) => shortfall.destinations.has(destination)).map(edgeId),
      };
    case 'malformed': {
      const message = `${name} cannot be copied: ${shortfall.reason}`;
      return { ...concerns, message, advice: 'remove its digest from the manifest' };
    }
    case 'unreadable': {
      const message = `${name} could not be proven to be complete: ${shortfall.reason}`;
      return { ...concerns, message, advice: 'run again once the source answers' };
    }
    default:
      return assertNever(shortfall);
  }
}

/** Number of missing manifests and blobs that a message names. */
const NAMED = 3;

function describeMissing(
  { missing, unchecked }: Extract<Shortfall, { kind: 'missing' }>,
  sources: ImageToCopy['sources'],
): string {
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  const verb = missing.length > 1 ? 'are' : 'is';
  const rest = unchecked > 0 ? `; ${unchecked} more manifests and blobs were not checked` : '';
  return `${missing.slice(0, NAMED).join(', ')}${more} ${verb} not in ${listSome(sources)}${rest}`;
}
