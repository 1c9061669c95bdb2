import { getToken } from '../auth/auth.ts';
import type { Handler } from '../handler.ts';
import { deleteBlob, getBlob } from '../endpoints/blobs.ts';
import { deleteManifest, getManifest, putManifest } from '../endpoints/manifests.ts';
import { listReferrers } from '../endpoints/referrers.ts';
import { listRepositories, listTags } from '../endpoints/tags.ts';
import {
  cancelUpload,
  getUpload,
  mountBlob,
  patchUpload,
  postBlob,
  putUpload,
  startUpload,
} from '../endpoints/uploads.ts';
import { jsonReply, type Reply } from '../reply.ts';
import type { RequestKind } from './request-log.ts';

export interface Route {
  readonly method: string;
  /** Its groups are the repository and the end of the path. */
  readonly pattern: RegExp;
  /** A query parameter that the request must have. */
  readonly having?: string;
  readonly kind: RequestKind;
  readonly handle: Handler;
}

export interface Match {
  readonly route: Route;
  readonly name: string;
  readonly reference: string;
}

const TOKEN = /^\/token$/;
const PING = /^\/v2\/?$/;
const CATALOG = /^\/v2\/_catalog$/;
const TAGS = /^\/v2\/(.+)\/tags\/list$/;
const MANIFEST = /^\/v2\/(.+)\/manifests\/([^/]+)$/;
const UPLOADS = /^\/v2\/(.+)\/blobs\/uploads\/?$/;
const UPLOAD = /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/;
const BLOB = /^\/v2\/(.+)\/blobs\/([^/]+)$/;
const REFERRERS = /^\/v2\/(.+)\/referrers\/([^/]+)$/;

/** All routes; the first match counts. */
const ROUTES: readonly Route[] = [
  { method: 'HEAD', pattern: MANIFEST, kind: 'manifest-head', handle: getManifest },
  { method: 'GET', pattern: MANIFEST, kind: 'manifest-get', handle: getManifest },
  { method: 'PUT', pattern: MANIFEST, kind: 'manifest-put', handle: putManifest },
  { method: 'DELETE', pattern: MANIFEST, kind: 'delete', handle: deleteManifest },
  { method: 'POST', pattern: UPLOADS, having: 'from', kind: 'mount', handle: mountBlob },
  // counts as an upload: it opens one unless the host has the blob
  { method: 'POST', pattern: UPLOADS, having: 'mount', kind: 'upload-start', handle: mountBlob },
  { method: 'POST', pattern: UPLOADS, having: 'digest', kind: 'upload-start', handle: postBlob },
  { method: 'POST', pattern: UPLOADS, kind: 'upload-start', handle: startUpload },
  { method: 'PATCH', pattern: UPLOAD, kind: 'upload-patch', handle: patchUpload },
  { method: 'PUT', pattern: UPLOAD, kind: 'upload-put', handle: putUpload },
  { method: 'GET', pattern: UPLOAD, kind: 'upload-status', handle: getUpload },
  { method: 'DELETE', pattern: UPLOAD, kind: 'upload-cancel', handle: cancelUpload },
  { method: 'HEAD', pattern: BLOB, kind: 'blob-head', handle: getBlob },
  { method: 'GET', pattern: BLOB, kind: 'blob-get', handle: getBlob },
  { method: 'DELETE', pattern: BLOB, kind: 'delete', handle: deleteBlob },
  { method: 'GET', pattern: TAGS, kind: 'tags', handle: listTags },
  { method: 'GET', pattern: REFERRERS, kind: 'referrers', handle: listReferrers },
  { method: 'GET', pattern: CATALOG, kind: 'catalog', handle: listRepositories },
  { method: 'GET', pattern: PING, kind: 'ping', handle: ping },
  { method: 'HEAD', pattern: PING, kind: 'ping', handle: ping },
  { method: 'GET', pattern: TOKEN, kind: 'token', handle: getToken },
  { method: 'POST', pattern: TOKEN, kind: 'token', handle: getToken },
];

/** The route of a request; undefined if there is none. */
export function findRoute(method: string, path: string, query: URLSearchParams): Match | undefined {
  for (const route of ROUTES) {
    if (route.method !== method || (route.having !== undefined && !query.has(route.having))) continue;
    const groups = route.pattern.exec(path);
    if (groups !== null) return { route, name: decoded(groups[1]), reference: decoded(groups[2]) };
  }
  return undefined;
}

/** The methods of a path's routes. */
export function allowedMethods(path: string): string[] {
  const methods = ROUTES.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
  return Array.from(new Set(methods)).toSorted();
}

function decoded(component: string | undefined): string {
  if (component === undefined) return '';
  try {
    return decodeURIComponent(component);
  } catch {
    return component; // no grammar allows a per cent sign, so it is refused unchanged
  }
}

/** The version check of the specification; with auth, clients learn the challenge from it. */
export function ping(): Reply {
  return jsonReply({}, { headers: { 'Docker-Distribution-Api-Version': 'registry/2.0' } });
}
