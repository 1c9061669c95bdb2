import { expect } from 'vitest';
import type { RegistryStore } from '../../../src/embedded-registry/storage/store.ts';
import { matchesDigest } from '../../../src/image/digest.ts';
import { parseReferences } from '../../../src/image/oci-manifest.ts';
import { exitCodeOf } from '../../../src/report/exit-code.ts';
import { allowanceOf, type Cell, expectedOf } from './expectations.ts';
import type { RequestClass, TroubledRequest } from './request-classes.ts';
import { EDGES, type Run } from './scene.ts';
import type { Traces } from './stage.ts';

/** Virtual minutes in which a run has ended, whatever lasts: five attempts of five minutes, for two blobs in turn. */
const LONGEST = 55;

/** What has to be true after any run: nothing half visible, a report that agrees with the registries. */
export function expectSound({ report, copied, hosts, minutes }: Run): void {
  for (const { store } of Object.values(hosts)) expectComplete(store);
  for (const { outcome, destination, digest } of report.items) {
    if (outcome !== 'copied' || destination === null) continue;
    const [, name = '', tag = ''] = /^[^/]+\/(.*):([^:]+)$/.exec(destination) ?? [];
    const at = Object.values(hosts).find(({ host }) => destination.startsWith(`${host}/`));
    expect(at?.store.resolveTag(name, tag), destination).toBe(digest);
  }
  expect(exitCodeOf(report, { allowLost: false })).toBe(copied.size === EDGES.length ? 0 : 1);
  expectEnd({ minutes });
}

/** A run ends in time. */
export function expectEnd({ minutes }: Pick<Traces, 'minutes'>): void {
  expect(minutes).toBeLessThan(LONGEST);
}

function expectComplete(store: RegistryStore): void {
  for (const name of store.repositories()) {
    for (const manifest of store.manifests(name)) {
      expect(matchesDigest(manifest.bytes, manifest.digest)).toBe(true);
      const { blobs, manifests } = parseReferences(manifest);
      for (const { digest } of blobs) expect(store.hasBlob(name, digest), `${name} ${digest}`).toBe(true);
      for (const { digest } of manifests) expect(store.manifest(name, digest)).toBeDefined();
    }
    for (const digest of store.blobs(name)) {
      expect(matchesDigest(store.blob(name, digest) ?? new Uint8Array(), digest)).toBe(true);
    }
  }
}

/** The edges of the cell do as its rule says, and all others are promoted. */
export function expectEdges(run: Run, cell: Cell<RequestClass>): void {
  const own = EDGES.filter((edge) => cell.request.edges.includes(edge));
  const others = EDGES.filter((edge) => !own.includes(edge));
  expect(others.filter((edge) => !run.copied.has(edge))).toEqual([]);
  const expected = expectedOf(cell);
  if (expected === 'either') return;
  expect(own.filter((edge) => run.copied.has(edge))).toEqual(expected === 'succeeds' ? own : []);
}

/** Nothing is fetched or sent more often than the fault makes necessary. */
export function expectThrift(run: Traces, cell: Cell<TroubledRequest>, baseline: Traces): void {
  const allowed = allowanceOf(cell, countOf(baseline, cell.request));
  const before = measure(baseline);
  const now = measure(run);
  expect(now.requests - before.requests, 'more requests').toBeLessThanOrEqual(allowed.requests);
  expect(now.bytesOut - before.bytesOut, 'more bytes read').toBeLessThanOrEqual(allowed.bytesOut);
  expect(now.bytesIn - before.bytesIn, 'more bytes sent').toBeLessThanOrEqual(allowed.bytesIn);
}

/** How many requests of a cell's class a run has made. */
export function countOf({ hosts }: Traces, request: TroubledRequest): number {
  return hosts[request.side].requests.filter(({ method, path, query, authorization }) => {
    const search = new URLSearchParams(query).toString();
    return (
      method === request.method &&
      (request.path.test(path) || request.path.test(`${path}?${search}`)) &&
      (request.anonymous === undefined || authorization === undefined)
    );
  }).length;
}

/** Of what is refused as too large, nobody knows how much was under way. */
const TOO_LARGE = 413;

function measure({ hosts, refused }: Traces) {
  const { source, destination } = hosts;
  return {
    requests: source.requests.length + destination.requests.length + refused,
    bytesOut: source.requests.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
    bytesIn: destination.requests.reduce(
      (sum, { bytesIn, status }) => sum + (status === TOO_LARGE ? 0 : bytesIn),
      0,
    ),
  };
}
