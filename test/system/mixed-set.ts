import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { RegistryStore } from '../../src/embedded-registry/storage/store.ts';
import {
  blobsOf,
  type Content,
  image,
  index,
  layer,
  manifestsOf,
  PLATFORMS,
  push,
} from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { type HoldingProxy, holdingProxy } from './holding-proxy.ts';
import { embedded, thinFiles } from './staging.ts';
import { tagsIn } from './wholeness.ts';

/** An image, and the references that one repository of the production registry is to have it under. */
export interface Job {
  readonly repository: string;
  readonly content: Content;
  readonly references: readonly string[];
  /** Whether its source is on the host of its destination, so that its blobs are mounted. */
  readonly near: boolean;
}

/** One of everything that a promotion does, between registries of its own. */
export interface MixedSet {
  readonly staging: EmbeddedRegistry;
  readonly production: EmbeddedRegistry;
  /** Before staging and production: every request goes through one of them. */
  readonly proxies: readonly HoldingProxy[];
  readonly flag: string;
  readonly jobs: readonly Job[];
  /** The tags of the production registry when all is done, as `repository:tag`. */
  readonly goal: Readonly<Record<string, string | undefined>>;
}

/** Bytes of the layer that is worth a question before it is sent again. */
const LARGE = 600 * 1024;
const BASE = layer('base', LARGE);
const INDEX = index({
  children: PLATFORMS.slice(0, 2).map((platform) =>
    image({
      seed: platform.architecture,
      layers: [BASE, layer(platform.architecture)],
      platform,
    }),
  ),
});
const SHARED = layer('shared');
const TOOL = image({ seed: 'tool', layers: [SHARED] });
const TAGLESS = image({ seed: 'tagless', layers: [SHARED, layer('tagless')] });
const SINGLE = image({ seed: 'single' });
const KNOWN = image({ seed: 'known' });

/**
 * An index of two platforms for two repositories of another host, images whose source is on the host of their
 * destination, one of them without a tag, and a tag for an image that is there.
 *
 * The production registry takes every manifest, whole or not: it is not the one that keeps it whole.
 */
export async function mixedSet(): Promise<MixedSet> {
  const staging = await embedded();
  const production = await embedded({ validation: 'sparse' });
  const [far, near] = await Promise.all([holdingProxy(staging.host), holdingProxy(production.host)]);
  push(staging, 'staging/index', INDEX);
  push(staging, 'staging/known', KNOWN);
  for (const [name, content] of [
    ['single', SINGLE],
    ['tool', TOOL],
    ['tool', TAGLESS],
  ] as const)
    push(production, `staging/${name}`, content);
  push(production, 'prod/known', KNOWN, 'v1');
  push(production, 'prod/single', image({ seed: 'old' }), 'old');
  const before = tagsIn(production);
  const jobs = JOBS;
  const files = thinFiles({
    far: {
      from: `${far.host}/staging`,
      to: [`${near.host}/prod`, `${near.host}/mirror`],
      images: { index: { [INDEX.manifest.digest]: ['v1', 'latest'] } },
    },
    known: {
      from: `${far.host}/staging`,
      to: [`${near.host}/prod`],
      images: { known: { [KNOWN.manifest.digest]: ['v1', 'v2'] } },
    },
    near: {
      from: `${near.host}/staging`,
      to: [`${near.host}/prod`],
      images: {
        single: { [SINGLE.manifest.digest]: ['v1'] },
        tool: { [TOOL.manifest.digest]: ['v1'], [TAGLESS.manifest.digest]: [] },
      },
    },
  });
  const flag = `-thin-manifest-dir=${await testdir(files)}`;
  return { staging, production, proxies: [far, near], flag, jobs, goal: { ...before, ...tagsOf(jobs) } };
}

/** The references of the jobs that are not there yet, as `repository/reference`, sorted. */
export function missingReferences({ production: { store }, jobs }: MixedSet): string[] {
  return jobs
    .flatMap((job) => missingOf(job, store).map((reference) => `${job.repository}/${reference}`))
    .toSorted();
}

/** The references of the jobs that have been written since requests were last forgotten, in the same way. */
export function writtenReferences({ production, jobs }: MixedSet): string[] {
  const wanted = jobs.flatMap(({ repository, references }) =>
    references.map((reference) => `${repository}/${reference}`),
  );
  return production.requests
    .filter(({ kind }) => kind === 'manifest-put')
    .map(({ path }) => path.replace('/v2/', '').replace('/manifests/', '/'))
    .filter((reference) => wanted.includes(reference))
    .toSorted();
}

/** What both registries were asked, as `METHOD path`. */
export function requestsOf({ staging, production }: MixedSet): string[] {
  return [...staging.requests, ...production.requests].map(({ method, path }) => `${method} ${path}`);
}

export function forgetRequests({ staging, production }: MixedSet): void {
  staging.clearRequests();
  production.clearRequests();
}

/**
 * The most requests that copying may take from here on, after the inventory: for a job that is done none, for any
 * other its manifests, its references and its blobs, each of which costs a question where it is there; and the search for
 * attachments.
 */
export function mostToCopy(set: MixedSet): number {
  return set.jobs.reduce((sum, job) => sum + costOf(job, set), 0);
}

const JOBS: readonly Job[] = [
  { repository: 'prod/index', content: INDEX, references: ['v1', 'latest'], near: false },
  { repository: 'mirror/index', content: INDEX, references: ['v1', 'latest'], near: false },
  { repository: 'prod/single', content: SINGLE, references: ['v1'], near: true },
  { repository: 'prod/tool', content: TOOL, references: ['v1'], near: true },
  { repository: 'prod/tool', content: TAGLESS, references: [TAGLESS.manifest.digest], near: true },
  { repository: 'prod/known', content: KNOWN, references: ['v2'], near: false },
];

function tagsOf(jobs: readonly Job[]): Record<string, string> {
  return Object.fromEntries(
    jobs.flatMap(({ repository, references, content }) =>
      references
        .filter((reference) => reference !== content.manifest.digest)
        .map((tag) => [`${repository}:${tag}`, content.manifest.digest]),
    ),
  );
}

function missingOf({ repository, references }: Job, store: RegistryStore): readonly string[] {
  return references.filter((reference) => store.manifest(repository, reference) === undefined);
}

function costOf(job: Job, { production: { store } }: MixedSet): number {
  const { repository, content } = job;
  const missing = missingOf(job, store);
  if (missing.length === 0) return 0;
  const looksAndWrites = 2 * missing.length;
  const manifests = manifestsOf(content).length;
  const search = 1 + manifests;
  if (store.manifest(repository, content.manifest.digest) !== undefined) return 1 + looksAndWrites + search;
  const children = manifests - 1;
  const blobs = blobsOf(content).map(({ digest, bytes }) => {
    if (job.near) return 1;
    const isAsked = store.exists(repository) || bytes.length >= LARGE;
    const transfer = isAsked && store.hasBlob(repository, digest) ? 0 : 3;
    return transfer + (isAsked ? 1 : 0);
  });
  return search + manifests + children + looksAndWrites + blobs.reduce((sum, cost) => sum + cost, 0);
}
