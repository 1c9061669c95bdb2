import { isObject, type JsonObject, parseJsonObject, textOf } from '../../base/json.ts';
import { getOrMake } from '../../base/maps.ts';

/** The packages that an SBOM lists. */
export interface PackageList {
  readonly format: 'CycloneDX' | 'SPDX';
  /** Versions by name. The name is the package URL without its version, if there is one. */
  readonly packages: ReadonlyMap<string, ReadonlySet<string>>;
}

/** An attestation in an envelope in a bundle. */
const MAX_WRAPPERS = 4;

/**
 * The packages of an SBOM: CycloneDX JSON or SPDX 2 JSON, by itself, as the predicate of an in-toto statement, or that in
 * a DSSE envelope or Sigstore bundle. Undefined for anything else. Signatures are not verified.
 */
export function parseSbom(bytes: Uint8Array): PackageList | undefined {
  let document = parseJsonObject(bytes);
  for (let level = 0; document !== undefined && level <= MAX_WRAPPERS; level++) {
    if (document['bomFormat'] === 'CycloneDX') {
      return { format: 'CycloneDX', packages: cyclonePackages(document) };
    }
    if (typeof document['spdxVersion'] === 'string')
      return { format: 'SPDX', packages: spdxPackages(document) };
    document = unwrap(document);
  }
  return undefined;
}

function unwrap(document: JsonObject): JsonObject | undefined {
  const { dsseEnvelope, payload, predicate, Data: data } = document;
  if (isObject(dsseEnvelope)) return dsseEnvelope;
  if (typeof payload === 'string') return parseJsonObject(Buffer.from(payload, 'base64'));
  if (isObject(predicate)) return predicate;
  return typeof data === 'string' ? parseJsonObject(data) : undefined; // cosign, for predicates of unknown type
}

class Packages {
  readonly found = new Map<string, Set<string>>();

  add(
    name: string,
    { version = '', purl = '' }: { version?: string | undefined; purl?: string | undefined },
  ) {
    if (/^pkg:(?:oci|docker)\//.test(purl)) return; // the image itself
    const key = nameOfPurl(purl) ?? name;
    if (key !== '') getOrMake(this.found, key, () => new Set<string>()).add(version);
  }
}

/** `deb/debian/openssl` of `pkg:deb/debian/openssl@3.0.11?arch=amd64`. */
function nameOfPurl(purl: string): string | undefined {
  if (!purl.startsWith('pkg:')) return undefined;
  const bare = purl.slice('pkg:'.length).split(/[?#]/, 1)[0] ?? '';
  const at = bare.lastIndexOf('@');
  return at > bare.lastIndexOf('/') ? bare.slice(0, at) : bare;
}

/** @see https://cyclonedx.org/docs/1.6/json/#components */
function cyclonePackages(bom: JsonObject): Packages['found'] {
  const packages = new Packages();
  const waiting = [bom];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const component of objectsIn(next['components'])) {
      waiting.push(component); // components may contain others
      if (component['type'] === 'file') continue;
      const [group, name] = [textOf(component, 'group'), textOf(component, 'name') ?? ''];
      packages.add(group === undefined ? name : `${group}/${name}`, {
        version: textOf(component, 'version'),
        purl: textOf(component, 'purl'),
      });
    }
  }
  return packages.found;
}

/** The primary purposes of entries that are not packages. */
const NO_PACKAGES: ReadonlySet<unknown> = new Set(['CONTAINER', 'FILE', 'SOURCE', 'ARCHIVE']);

/** @see https://spdx.github.io/spdx-spec/v2.3/package-information/ */
function spdxPackages(document: JsonObject): Packages['found'] {
  const packages = new Packages();
  const described = describedIn(document);
  for (const entry of objectsIn(document['packages'])) {
    if (NO_PACKAGES.has(entry['primaryPackagePurpose']) || described.has(entry['SPDXID'])) continue;
    const purl = objectsIn(entry['externalRefs']).find(({ referenceType }) => referenceType === 'purl');
    packages.add(textOf(entry, 'name') ?? '', {
      version: textOf(entry, 'versionInfo'),
      purl: purl && textOf(purl, 'referenceLocator'),
    });
  }
  return packages.found;
}

/** The subject of the document: the image, or the directory that was scanned. */
function describedIn(document: JsonObject): ReadonlySet<unknown> {
  const named: unknown = document['documentDescribes'];
  const related = objectsIn(document['relationships'])
    .filter(({ relationshipType }) => relationshipType === 'DESCRIBES')
    .map(({ relatedSpdxElement }) => relatedSpdxElement);
  // a document that describes all of its packages has no subject
  const all = new Set<unknown>([...(Array.isArray(named) ? named : []), ...related]);
  return all.size === 1 ? all : new Set();
}

function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
