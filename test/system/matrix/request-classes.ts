import { CHILD, CHUNK, EDGES, type Edge, INDEX, LARGE, SMALL } from './scene.ts';
import type { Side } from './stage.ts';

/** A kind of request that something is done to. */
export interface TroubledRequest {
  readonly name: string;
  readonly side: Side;
  readonly method: string;
  /** Of the path with its query. */
  readonly path: RegExp;
  /** Only requests without credentials. */
  readonly anonymous?: true;
  /** Its answer: a status and headers, a document that cannot be checked, one of digests, or what has a digest. */
  readonly brings: 'a word' | 'a document' | 'digests' | 'content';
  /** True where it asks for what is not there. */
  readonly isAbsent?: true;
  /** What it sends. */
  readonly sends?: 'manifest' | 'tag' | 'blob';
  /** Bytes of the blob that it moves. */
  readonly bytes: number;
  /** Bytes of the blob that are moved again when it fails, where they are others. */
  readonly again?: number;
  /** Such requests that come before and are something else: they go well. */
  readonly skip?: number;
  /** Where another way is left: when it fails for good in any way, or when its host answers and does not do it. */
  readonly ladder?: 'always' | 'when refused';
}

/** A kind of request that a promotion makes, and what depends on it in the scene. */
export interface RequestClass extends TroubledRequest {
  /** The edges that may fail with it. */
  readonly edges: readonly Edge[];
}

const VICTIM = ['victim:v1', 'victim:v2', 'victim:v3'] as const;

const onVictim = { side: 'destination', edges: VICTIM, bytes: 0 } as const;
const read = { method: 'GET', brings: 'a document' } as const;
const head = { method: 'HEAD', brings: 'a word' } as const;
const write = { method: 'PUT', brings: 'a word' } as const;
const onManifest = { ...onVictim, ...write, sends: 'manifest' } as const;

/** Of a promotion to a destination that takes blobs whole. */
export const REQUEST_CLASSES: readonly RequestClass[] = [
  {
    ...onVictim,
    name: 'challenge',
    method: 'HEAD',
    path: /^\/v2\//,
    anonymous: true,
    isAbsent: true,
    brings: 'a word',
    edges: EDGES.filter((edge) => edge !== 'mounted:v1'),
  },
  { ...onVictim, ...read, name: 'token', path: /^\/token\?.*prod%2Fvictim/ },
  {
    ...onVictim,
    ...read,
    name: 'listing',
    path: /^\/v2\/prod\/victim\/tags\/list/,
    ladder: 'when refused',
  },
  {
    ...onVictim,
    ...head,
    name: 'HEAD manifest',
    path: /^\/v2\/prod\/victim\/manifests\//,
    isAbsent: true,
  },
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
    ladder: 'always',
  },
  { ...onVictim, ...write, name: 'open', method: 'POST', path: /^\/v2\/prod\/victim\/blobs\/uploads\// },
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
  {
    ...onManifest,
    name: 'PUT tag',
    sends: 'tag',
    path: /^\/v2\/prod\/victim\/manifests\/v1$/,
    edges: ['victim:v1'],
  },
];

/** Of one to a destination that takes nothing larger than a chunk, besides: to send the blob whole is tried first. */
export const CHUNK_CLASSES: readonly RequestClass[] = [
  {
    ...onVictim,
    ...write,
    name: 'PATCH',
    method: 'PATCH',
    path: /^\/v2\/prod\/victim\/blobs\/uploads\//,
    sends: 'blob',
    bytes: CHUNK,
    again: LARGE.bytes.length,
  },
  {
    ...onVictim,
    ...write,
    name: 'closing PUT',
    path: uploadOf(LARGE.digest),
    skip: 1,
    again: LARGE.bytes.length,
  },
];

function uploadOf(digest: string): RegExp {
  return new RegExp(`^/v2/prod/victim/blobs/uploads/.*digest=${digest.replace(':', '(?::|%3A)')}`);
}
