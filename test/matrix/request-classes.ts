import { CHILD, EDGES, type Edge, INDEX, LARGE, type Side, SMALL } from './scene.ts';

/** A kind of request that a promotion makes, and what depends on it in the scene. */
export interface RequestClass {
  readonly name: string;
  readonly side: Side;
  readonly method: string;
  /** Of the path with its query. */
  readonly path: RegExp;
  /** Only requests without credentials. */
  readonly anonymous?: true;
  /** The edges that may fail with it. */
  readonly edges: readonly Edge[];
  /** Its answer: a status and headers, a document that cannot be checked, or what has a digest. */
  readonly brings: 'a word' | 'a document' | 'content';
  /** What it sends. */
  readonly sends?: 'manifest' | 'blob';
  /** Bytes of the blob that it moves. */
  readonly bytes: number;
  /** True where another way is left when it fails for good. */
  readonly ladder?: true;
  /** True for what no version of the client needs to send. */
  readonly optional?: true;
}

const VICTIM = ['victim:v1', 'victim:v2', 'victim:v3'] as const;

const onVictim = { side: 'destination', edges: VICTIM, bytes: 0 } as const;
const read = { method: 'GET', brings: 'a document' } as const;
const head = { method: 'HEAD', brings: 'a word' } as const;
const write = { method: 'PUT', brings: 'a word' } as const;
const onManifest = { ...onVictim, ...write, sends: 'manifest' } as const;

export const REQUEST_CLASSES: readonly RequestClass[] = [
  {
    ...onVictim,
    name: 'challenge',
    method: 'HEAD',
    path: /^\/v2\//,
    anonymous: true,
    brings: 'a word',
    edges: EDGES.filter((edge) => edge !== 'mounted:v1'),
  },
  { ...onVictim, ...read, name: 'token', path: /^\/token\?.*prod%2Fvictim/ },
  { ...onVictim, ...read, name: 'listing', path: /^\/v2\/prod\/victim\/tags\/list/ },
  { ...onVictim, ...head, name: 'HEAD manifest', path: /^\/v2\/prod\/victim\/manifests\// },
  {
    ...onVictim,
    name: 'GET manifest',
    side: 'source',
    method: 'GET',
    path: /^\/v2\/staging\/victim\/manifests\//,
    brings: 'content',
  },
  { ...onVictim, ...head, name: 'HEAD blob', path: /^\/v2\/prod\/victim\/blobs\/sha256/ },
  {
    ...onVictim,
    name: 'GET blob',
    side: 'source',
    method: 'GET',
    path: new RegExp(`^/v2/staging/victim/blobs/${LARGE.digest}`),
    brings: 'content',
    bytes: LARGE.bytes.length,
  },
  {
    ...onVictim,
    name: 'GET small blob',
    side: 'source',
    method: 'GET',
    path: new RegExp(`^/v2/staging/victim/blobs/${SMALL.digest}`),
    brings: 'content',
    bytes: SMALL.bytes.length,
  },
  {
    ...onVictim,
    name: 'mount',
    side: 'source',
    method: 'POST',
    path: /^\/v2\/prod\/mounted\/blobs\/uploads\/\?.*mount=/,
    edges: ['mounted:v1'],
    brings: 'a word',
    ladder: true,
  },
  { ...onVictim, ...write, name: 'open', method: 'POST', path: /^\/v2\/prod\/victim\/blobs\/uploads\// },
  {
    ...onVictim,
    ...write,
    name: 'PATCH',
    method: 'PATCH',
    path: /^\/v2\/prod\/victim\/blobs\/uploads\//,
    sends: 'blob',
    bytes: LARGE.bytes.length,
    optional: true,
  },
  {
    ...onVictim,
    ...write,
    name: 'PUT blob',
    path: uploadOf(LARGE.digest),
    sends: 'blob',
    bytes: LARGE.bytes.length,
  },
  {
    ...onVictim,
    ...write,
    name: 'PUT small blob',
    path: uploadOf(SMALL.digest),
    sends: 'blob',
    bytes: SMALL.bytes.length,
  },
  { ...onManifest, name: 'PUT child', path: new RegExp(`^/v2/prod/victim/manifests/${CHILD}`) },
  { ...onManifest, name: 'PUT index', path: new RegExp(`^/v2/prod/victim/manifests/${INDEX}`) },
  { ...onManifest, name: 'PUT tag', path: /^\/v2\/prod\/victim\/manifests\/v1$/, edges: ['victim:v1'] },
  { ...onVictim, ...read, name: 'referrers', path: /^\/v2\/[^?]*\/referrers\//, optional: true },
];

function uploadOf(digest: string): RegExp {
  return new RegExp(`^/v2/prod/victim/blobs/uploads/.*digest=${digest.replace(':', '(?::|%3A)')}`);
}
