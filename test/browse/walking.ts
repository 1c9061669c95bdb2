import { NO_EXPECTED_DIGESTS } from '../../src/browse/repository-content.ts';
import type { Notice } from '../../src/browse/notice.ts';
import { type WalkPorts, type WalkRequest, walkRegistry } from '../../src/browse/walk-registry.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../src/image/digest.ts';
import type { SnapshotImage } from '../../src/image/snapshot-image.ts';
import { clientForTest, quiet } from '../adapters/oci/client.ts';
import { registryName } from '../builders/manifests.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

/** Tags by digest, by name of the image. */
export type Seen = Readonly<Record<string, Readonly<Record<Digest, readonly string[]>>>>;

export interface Walked {
  readonly images: Seen;
  readonly names: readonly string[];
  readonly notices: readonly Notice[];
}

export interface Walking extends Partial<WalkRequest>, Partial<Pick<WalkPorts, 'workers' | 'whole'>> {
  readonly path?: string;
  readonly client?: WalkPorts['registry'];
}

/** Registries without the API of Artifact Registry. */
export const NO_API: WalkPorts['whole'] = {
  canRead: () => false,
  read: () => {
    throw new Error('it cannot be read');
  },
};

/** All that a walk through a registry gives. */
export async function walk(
  { host }: Pick<EmbeddedRegistry, 'host'>,
  { path = '', workers = 8, client = clientForTest().registry, whole = NO_API, ...request }: Walking = {},
): Promise<Walked> {
  const notices: Notice[] = [];
  const registry = registryName(`${host}${path}`);
  const ports = {
    registry: client,
    whole,
    progress: new RecordingProgress(),
    notice: (notice: Notice) => void notices.push(notice),
    workers,
  };
  const asked = {
    registry,
    listed: [],
    named: [],
    tag: undefined,
    minimal: 'nothing',
    naming: 'as-snapshot',
    expected: NO_EXPECTED_DIGESTS,
    ...request,
  } as const;
  return { ...(await collect(walkRegistry(asked, ports, quiet()))), notices };
}

export async function collect(images: AsyncIterable<SnapshotImage>): Promise<Omit<Walked, 'notices'>> {
  const seen: Record<string, Record<Digest, readonly string[]>> = {};
  for await (const { name, digests } of images) {
    seen[name] = Object.fromEntries(digests.map(({ digest, tags }) => [digest, tags]));
  }
  return { images: seen, names: Object.keys(seen) };
}
