import { describe, expect, it, onTestFinished } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import type { Digest } from '../../src/image/digest.ts';
import { parseDigest } from '../../src/image/digest.ts';
import type { PromotionReport } from '../../src/report/report.ts';
import { from } from '../builders/manifests.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { startUniverse } from '../doubles/universe-server.ts';
import { manifestFlag } from './staging.ts';

const HOSTS = Array.from({ length: 22 }, (_, number) => `region${number}-docker.pkg.dev`);
const SOURCE = 'gcr.io/k8s-staging-app';

type Images = Record<string, Record<Digest, readonly string[]>>;

/** So many images, each with so many digests of one tag. */
function imagesOf({ images, digests }: { images: number; digests: number }): Images {
  return Object.fromEntries(
    Array.from({ length: images }, (_, image) => [
      `app-${image}`,
      Object.fromEntries(
        Array.from({ length: digests }, (_, number) => [numbered(image * digests + number), [`v${number}`]]),
      ),
    ]),
  );
}

function numbered(number: number): Digest {
  const digest = parseDigest(`sha256:${number.toString(16).padStart(64, '0')}`);
  if (digest === undefined) throw new Error(`${number} is too large`);
  return digest;
}

/** A dry run against one server that plays all hosts, with what it was asked. */
async function plan(
  wanted: { readonly to: readonly string[]; readonly images: Images },
  lacking: ReadonlySet<Digest>,
) {
  const manifest = from(SOURCE)
    .to(...wanted.to)
    .promote(wanted.images);
  const universe = await startUniverse(expandEdges([manifest]), { lacking });
  onTestFinished(() => universe.close());
  const flag = await manifestFlag({ from: SOURCE, ...wanted });
  // the universe has no content behind its digests
  const { report, status, stderr } = await runWithReport([flag, '-prove=none', ...universe.flags], {
    env: { HTTP_PROXY: universe.proxyUrl, METADATA_SERVER_DETECTION: 'none' },
  });
  expect(status, stderr).toBe(0);
  return { report, questions: Object.fromEntries(universe.questions) };
}

function requestsOf({ hosts }: PromotionReport): number {
  return Object.values(hosts).reduce((sum, { requests }) => sum + requests, 0);
}

describe('a dry run over 22 hosts', () => {
  it('asks for one listing of each repository, and the source for what is missing, when much is wanted', async () => {
    const lacking = new Set([0, 7, 99].map(numbered));
    const to = HOSTS.map((host) => `${host}/prod/images`);
    const images = imagesOf({ images: 10, digests: 10 });
    const { report, questions } = await plan(
      { to, images: { ...images, small: { [numbered(500)]: ['v1'] } } },
      lacking,
    );
    const regional = HOSTS.map((host) => [host, { listings: 11, heads: 0, others: 0 }]);
    expect(questions).toEqual({
      ...Object.fromEntries(regional),
      'gcr.io': { listings: 0, heads: lacking.size, others: 0 },
    });
    expect(requestsOf(report)).toBe(22 * 11 + lacking.size);
    expect(report.summary).toMatchObject({ edges: 22 * 101, present: 22 * 98, copy: 22 * 3 });
    expect(report.hosts['region7-docker.pkg.dev']).toMatchObject({
      repositories: { byListing: 11, byHead: 0 },
    });
  });

  it('asks by HEAD for one release: once for each image at each destination, and once for each at its source', async () => {
    const images = imagesOf({ images: 30, digests: 1 });
    const to = HOSTS.flatMap((host) => [`${host}/prod/images`, `${host}/prod/images/kubernetes`]);
    const all = new Set(Object.values(images).flatMap((dmap) => Object.keys(dmap).map(parseDigest)));
    const lacking = new Set(Array.from(all).filter((digest) => digest !== undefined));
    const { report, questions } = await plan({ to, images }, lacking);
    const regional = HOSTS.map((host) => [host, { listings: 0, heads: 60, others: 0 }]);
    expect(questions).toEqual({
      ...Object.fromEntries(regional),
      'gcr.io': { listings: 0, heads: 30, others: 0 },
    });
    expect(requestsOf(report)).toBe(1320 + 30);
    expect(report.summary).toMatchObject({ edges: 1320, copy: 1320 });
    expect(report.hosts['region7-docker.pkg.dev']).toMatchObject({
      repositories: { byListing: 0, byHead: 60 },
    });
  });
});
