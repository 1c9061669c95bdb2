import { type Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import type { Blob, Content, Platform } from './content.ts';
import { blob } from './images.ts';

// Images as build tools leave them: with configs, annotations, attestations and SBOMs.

export const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
export const ARM64: Platform = { os: 'linux', architecture: 'arm64' };

export interface BuiltRecipe {
  readonly platform?: Platform;
  /** The runtime section of the config. */
  readonly config?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly layerBytes?: number;
  readonly format?: 'oci' | 'docker';
}

/** An image with a config of this content. */
export function built({ platform = AMD64, config = {}, annotations, ...recipe }: BuiltRecipe = {}): Content {
  const isDocker = recipe.format === 'docker';
  const layer = asBlob(
    isDocker ? DOCKER_LAYER_GZIP : OCI_LAYER_GZIP,
    blob('layer', recipe.layerBytes ?? 1000),
  );
  const document = { ...platform, config, rootfs: { type: 'layers', diff_ids: [layer.digest] } };
  const configBlob = jsonBlob(isDocker ? DOCKER_CONFIG : OCI_CONFIG, document);
  const mediaType = isDocker ? DOCKER_MANIFEST : OCI_MANIFEST;
  return manifestOf(mediaType, { config: configBlob, layers: [layer], annotations, platform });
}

interface ManifestParts {
  readonly config: Blob;
  readonly layers: readonly (Blob & { readonly annotations?: object })[];
  readonly annotations?: object | undefined;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly subject?: Content;
}

/** A manifest of any parts. */
export function manifestOf(mediaType: string, parts: ManifestParts): Content {
  const { config, layers, annotations, platform, artifactType, subject } = parts;
  const manifest = jsonBlob(mediaType, {
    schemaVersion: 2,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: describe(config),
    layers: layers.map((layer) => ({ ...describe(layer), annotations: layer.annotations })),
    ...(subject && { subject: describe(subject.manifest) }),
    ...(annotations && { annotations }),
  });
  return { manifest, blobs: [config, ...layers], children: [], ...(platform && { platform }) };
}

/** An index of images, and of an attestation of BuildKit's for each image that `sboms` has a document for. */
export function builtIndex(
  children: readonly Content[],
  { sboms = new Map(), annotations }: { sboms?: ReadonlyMap<Content, object>; annotations?: object } = {},
): Content {
  const attested = Array.from(sboms, ([image, predicate]) => {
    const attestation = buildkitAttestation(image, predicate);
    const entry = {
      ...describe(attestation.manifest),
      annotations: {
        'vnd.docker.reference.digest': image.manifest.digest,
        'vnd.docker.reference.type': 'attestation-manifest',
      },
      platform: { os: 'unknown', architecture: 'unknown' },
    };
    return { attestation, entry };
  });
  const manifests = [
    ...children.map(({ manifest, platform }) => ({ ...describe(manifest), platform })),
    ...attested.map(({ entry }) => entry),
  ];
  const document = { schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...(annotations && { annotations }) };
  const all = [...children, ...attested.map(({ attestation }) => attestation)];
  return { manifest: jsonBlob(OCI_INDEX, document), blobs: [], children: all };
}

/** @see https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
function buildkitAttestation({ manifest }: Content, predicate: object): Content {
  const statement = (type: string, content: object) => ({
    ...jsonBlob('application/vnd.in-toto+json', {
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: type,
      subject: [{ name: '_', digest: { sha256: manifest.digest.slice('sha256:'.length) } }],
      predicate: content,
    }),
    annotations: { 'in-toto.io/predicate-type': type },
  });
  return manifestOf(OCI_MANIFEST, {
    config: jsonBlob(OCI_CONFIG, { architecture: 'unknown', os: 'unknown', config: {} }),
    layers: [
      statement('https://slsa.dev/provenance/v0.2', { buildType: 'x' }),
      statement('https://spdx.dev/Document', predicate),
    ],
  });
}

/** An SBOM that refers to an image; without a subject, the content of a tag of cosign's. */
export function sbomArtifact(
  document: object | Uint8Array,
  { subject, type = 'application/vnd.cyclonedx+json' }: { subject?: Content; type?: string } = {},
): Content {
  const layer = document instanceof Uint8Array ? asBlob(type, document) : jsonBlob(type, document);
  const config = jsonBlob(OCI_EMPTY, {});
  return manifestOf(OCI_MANIFEST, {
    config,
    layers: [layer],
    artifactType: type,
    ...(subject && { subject }),
  });
}

/** The index of the fallback tag, which lists referrers. */
export function fallbackIndex(referrers: readonly Content[], artifactType: string): Content {
  const manifests = referrers.map(({ manifest }) => ({ ...describe(manifest), artifactType }));
  return {
    manifest: jsonBlob(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests }),
    blobs: [],
    children: referrers,
  };
}

/** A CycloneDX document with some packages, as `name@version`. */
export function cyclonedx(...packages: readonly string[]): object {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    metadata: { component: { type: 'container', name: 'app' } },
    components: packages.map((text) => {
      const [name = '', version = ''] = text.split('@');
      return { type: 'library', name, version, purl: `pkg:deb/debian/${name}@${version}?arch=amd64` };
    }),
  };
}

/** An SPDX document with some packages, as `name@version`. */
export function spdx(...packages: readonly string[]): object {
  return {
    spdxVersion: 'SPDX-2.3',
    SPDXID: 'SPDXRef-DOCUMENT',
    packages: [
      { SPDXID: 'SPDXRef-root', name: 'app', versionInfo: '1' },
      ...packages.map((text, number) => {
        const [name = '', versionInfo = ''] = text.split('@');
        const referenceLocator = `pkg:deb/debian/${name}@${versionInfo}`;
        return {
          SPDXID: `SPDXRef-${number}`,
          name,
          versionInfo,
          externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator }],
        };
      }),
    ],
    relationships: [
      {
        spdxElementId: 'SPDXRef-DOCUMENT',
        relationshipType: 'DESCRIBES',
        relatedSpdxElement: 'SPDXRef-root',
      },
    ],
  };
}

export function jsonBlob(mediaType: string, value: unknown): Blob {
  return asBlob(mediaType, Buffer.from(JSON.stringify(value)));
}

export function asBlob(mediaType: string, bytes: Uint8Array): Blob {
  return { mediaType, digest: digestOf(bytes), bytes };
}

function describe({ mediaType, digest, bytes }: Blob): Descriptor {
  return { mediaType, digest, size: bytes.length };
}
