import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };

/** The TUF repository of the public Sigstore instance. */
export const PUBLIC_MIRROR = 'https://tuf-repo-cdn.sigstore.dev';

/** The built-in files of a TUF repository. */
export interface ShippedRoot {
  /** The root metadata that updates begin with. */
  readonly rootMetadata: Uint8Array;
  /** The trusted root at the time of the build. */
  readonly trustedRoot: Uint8Array;
}

/** The built-in files of the public Sigstore instance. The build takes it from the seeds of @sigstore/tuf. */
export function shippedRoot(): ShippedRoot {
  const { 'root.json': rootMetadata, targets } = seeds[PUBLIC_MIRROR];
  return {
    rootMetadata: Buffer.from(rootMetadata, 'base64'),
    trustedRoot: Buffer.from(targets['trusted_root.json'], 'base64'),
  };
}
