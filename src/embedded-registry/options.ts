import type { AuthOptions } from './auth/auth-options.ts';
import type { Fault } from './server/faults.ts';

export interface EmbeddedRegistryOptions {
  /** Port on 127.0.0.1. Default 0: a free one. */
  readonly port?: number;
  /** Body of tags/list: the specification's (default), or Google's with every digest and the child repositories. */
  readonly listing?: 'oci' | 'google';
  /** False: every mount is answered 202 with an upload, as some registries do. Default true. */
  readonly mounts?: boolean;
  /** True: a mount without `from` takes any blob of the host. Default false: 202. */
  readonly anonymousMounts?: boolean;
  /** True (default): POST `?digest=` with a body is 201. False: the body is dropped and an upload opened, 202. */
  readonly singlePost?: boolean;
  /**
   * What becomes of an upload whose body is interrupted: it goes on from what it had before (`whole-chunks`, the
   * default), or from what has arrived (`any-byte`), or it is over (`none`, as with Docker's registry).
   */
  readonly resumption?: 'whole-chunks' | 'any-byte' | 'none';
  /** Bytes of an upload that a request may have, else 413. Default: no limit but that of a blob. */
  readonly maxUploadBytes?: number;
  /** `OCI-Chunk-Min-Length` of uploads: a smaller chunk may be followed by none. Default 0: any size, no header. */
  readonly chunkMinLength?: number;
  /** `strict` (default) refuses a manifest whose blobs or children are missing; `sparse` takes it. */
  readonly validation?: 'strict' | 'sparse';
  /** How an error names a missing blob or child: `{digest}` (default), or the digest as a text as Docker's 2.8 does. */
  readonly missingDetail?: 'object' | 'text';
  /** Most entries on a page of tags/list and _catalog. Default: no limit but the request's `n`. */
  readonly pageSize?: number;
  /** False: no referrers API and no OCI-Subject header. Default true. */
  readonly referrers?: boolean;
  /** `repository` (default): a repository sees its own blobs. `global`: it sees those of the whole host. */
  readonly blobStore?: 'repository' | 'global';
  /** True (default): 404 for a manifest whose type the Accept header does not name, as Docker's registry does. */
  readonly strictAccept?: boolean;
  /** Default: everyone may do everything. */
  readonly auth?: AuthOptions;
  readonly faults?: readonly Fault[];
  /** Milliseconds since the epoch, for upload times and the life of tokens. Default `Date.now`. */
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
    singlePost: true,
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
