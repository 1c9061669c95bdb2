import { type Digest, parseDigest } from '../../image/digest.ts';

/** The facts about a manifest for listings and referrers. */
export interface ManifestFacts {
  readonly subject?: Digest;
  /** The `artifactType` field, else the type of the config: the filter of referrers. */
  readonly artifactType?: string;
  readonly annotations?: unknown;
  /** Sum of the sizes of config and layers. */
  readonly contentBytes: number;
}

/** Reads the facts of a manifest; other content has none. */
export function readManifestFacts(bytes: Uint8Array): ManifestFacts {
  const document = parse(bytes);
  const config = asObject(document['config']);
  const named = asObject(document['subject'])['digest'];
  const subject = typeof named === 'string' ? parseDigest(named) : undefined;
  const artifactType = document['artifactType'] ?? config['mediaType'];
  return {
    contentBytes: [config, ...asList(document['layers'])].reduce<number>(
      (sum, entry) => sum + sizeOf(entry),
      0,
    ),
    ...(subject !== undefined && { subject }),
    ...(typeof artifactType === 'string' && artifactType !== '' && { artifactType }),
    ...(document['annotations'] !== undefined && { annotations: document['annotations'] }),
  };
}

type JsonObject = { readonly [key: string]: unknown };

function parse(bytes: Uint8Array): JsonObject {
  try {
    return asObject(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return {}; // tests may store anything
  }
}

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function sizeOf(entry: unknown): number {
  const { size } = asObject(entry);
  return typeof size === 'number' ? size : 0;
}
