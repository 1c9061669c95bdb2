import type { AuthOptions } from './auth/auth-options.ts';
import type { Fault } from './server/faults.ts';

export interface EmbeddedRegistryOptions {
  /** Port on 127.0.0.1. Default 0: a free one. */
  readonly port?: number;
  /** Body of tags/list: as in the specification (default), or Google's with every digest and the child repositories. */
  readonly listing?: 'oci' | 'google';
  /** False: every mount is answered 202 with an upload, as some registries do. Default true. */
  readonly mounts?: boolean;
  /** True: a mount without `from` accepts any blob of the host. Default false: 202. */
  readonly anonymousMounts?: boolean;
  /** True: POST `?digest=` with a body is 201. False (default): an upload is opened, 202, as Docker's registry does. */
  readonly singlePost?: boolean;
  /**
   * State of an upload after an interrupted body: it continues after the last whole chunk (`whole-chunks`, the default),
   * after the last byte that arrived (`any-byte`), or it is gone (`none`, as with Docker's registry).
   */
  readonly resumption?: 'whole-chunks' | 'any-byte' | 'none';
  /** Maximum bytes of one upload request; more is 413. Default: only the limit of a blob. */
  readonly maxUploadBytes?: number;
  /** `OCI-Chunk-Min-Length` of uploads: only the last chunk may be smaller. Default 0: any size, no header. */
  readonly chunkMinLength?: number;
  /** `strict` (default) refuses a manifest whose blobs or children are missing; `sparse` accepts it. */
  readonly validation?: 'strict' | 'sparse';
  /** Form of a missing blob or child in an error: `{digest}` (default), or the digest as text, as Docker's 2.8 does. */
  readonly missingDetail?: 'object' | 'text';
  /** Maximum entries on a page of tags/list and _catalog. Default: only the request's `n`. */
  readonly pageSize?: number;
  /** False: no referrers API and no OCI-Subject header. Default true. */
  readonly referrers?: boolean;
  /** `repository` (default): a repository has its own blobs. `global`: it has those of the whole host. */
  readonly blobStore?: 'repository' | 'global';
  /** True (default): 404 for a manifest whose type is not in the Accept header, as Docker's registry does. */
  readonly strictAccept?: boolean;
  /** Default: every request is allowed. */
  readonly auth?: AuthOptions;
  readonly faults?: readonly Fault[];
  /** Milliseconds since the epoch, for upload times and token expiry. Default `Date.now`. */
  readonly now?: () => number;
}

/** Options with every default applied. */
export interface Settings extends Required<Omit<EmbeddedRegistryOptions, 'auth'>> {
  readonly auth: AuthOptions | undefined;
}

export function withDefaults(options: EmbeddedRegistryOptions): Settings {
  return {
    port: 0,
    listing: 'oci',
    mounts: true,
    anonymousMounts: false,
    singlePost: false,
    resumption: 'whole-chunks',
    maxUploadBytes: Number.POSITIVE_INFINITY,
    chunkMinLength: 0,
    validation: 'strict',
    missingDetail: 'object',
    pageSize: Number.POSITIVE_INFINITY,
    referrers: true,
    blobStore: 'repository',
    strictAccept: true,
    auth: undefined,
    faults: [],
    now: Date.now,
    ...options,
  };
}
