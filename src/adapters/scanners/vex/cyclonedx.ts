import { type JsonObject, textOf } from '../../../base/json.ts';
import { parsePurl } from '../../../image/purl.ts';
import type { VexImage, VexProduct, VexStatement } from '../../../ports/vulnerabilities.ts';
import { objectOf, objectsIn, plain, textsIn } from '../scan-report.ts';
import { imagesNamed } from './vex-image.ts';

export function isCycloneDx(document: JsonObject): boolean {
  return document['bomFormat'] === 'CycloneDX';
}

/**
 * The analysed vulnerabilities of a CycloneDX document: those of the image that it describes (`metadata.component`), or of
 * images that `affects` names. A component of the image limits a statement to its package.
 *
 * @see https://cyclonedx.org/docs/1.6/json/#vulnerabilities
 */
export function parseCycloneDx(document: JsonObject): readonly VexStatement[] {
  const metadata = objectOf(document['metadata']);
  const subject = objectOf(metadata['component']);
  const scope = { images: imagesOf(subject), components: componentsOf(document, subject) };
  return objectsIn(document['vulnerabilities']).flatMap((vulnerability) => {
    const { id, references, analysis, affects, updated, published } = vulnerability;
    const { state, justification, detail, lastUpdated, firstIssued } = objectOf(analysis);
    if (state === undefined) return [];
    const times = [lastUpdated, firstIssued, metadata['timestamp'], updated, published];
    return {
      vulnerabilities: [id, ...objectsIn(references).map((one) => one['id'])].map(plain).filter(Boolean),
      products: objectsIn(affects).flatMap(({ ref }) => productsOf(String(ref), scope)),
      dismisses: DISMISSING.includes(state),
      status: [state, justification, detail].map(plain).filter(Boolean).join(': '),
      time: times.map((text) => Date.parse(String(text))).find((time) => !Number.isNaN(time)) ?? 0,
    };
  });
}

const DISMISSING: readonly unknown[] = [
  'not_affected',
  'false_positive',
  'resolved',
  'resolved_with_pedigree',
];

interface Scope {
  /** The image that the document describes. */
  readonly images: readonly VexImage[];
  /** By `bom-ref`. */
  readonly components: ReadonlyMap<unknown, JsonObject>;
}

/** A reference to a component of the document, to one of another document (`urn:cdx:SERIAL/1#REF`), or a package URL. */
function productsOf(ref: string, { images, components }: Scope): readonly VexProduct[] {
  const local = ref.startsWith('urn:cdx:') ? decode(ref.slice(ref.indexOf('#') + 1)) : ref;
  const component = ref === local ? components.get(ref) : undefined;
  const named = component === undefined ? imagesNamed([local]) : imagesOf(component);
  if (named.length > 0) return named;
  const purl = parsePurl((component && textOf(component, 'purl')) ?? local);
  const isPackage = purl !== undefined && purl.type !== 'oci'; // the image of another document
  return !isPackage ? [] : images.map((image) => ({ ...image, packages: [purl] }));
}

function componentsOf(document: JsonObject, subject: JsonObject): ReadonlyMap<unknown, JsonObject> {
  const components = [subject, ...objectsIn(document['components'])];
  const named = components.filter((one) => typeof one['bom-ref'] === 'string');
  return new Map(named.map((one) => [one['bom-ref'], one]));
}

/** The names of an image: its package URL; its digest, as a version or in a property of Trivy; its name and tag. */
function imagesOf({ type, purl, name, version, properties }: JsonObject): readonly VexImage[] {
  const digests = objectsIn(properties)
    .filter((property) => property['name'] === 'aquasecurity:trivy:RepoDigest')
    .map((property) => property['value']);
  const own = type === 'container' ? [referenceOf(String(name), version)] : [];
  return imagesNamed(textsIn([purl, ...digests, ...own]));
}

/** The version of a container is its digest or its tag. */
function referenceOf(name: string, version: unknown): string {
  if (typeof version !== 'string' || version === '') return name;
  return version.includes(':') ? `${name}@${version}` : `${name}:${version}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
