import { isObject, type JsonObject } from '../../base/json.ts';
import { oneLine } from '../../base/text.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import type { Severity } from '../../image/severity.ts';
import type { Vulnerability } from '../../ports/vulnerabilities.ts';

/** The report of a scanner on one image. */
export interface ScanReport {
  /** Digests that the report names the image by. */
  readonly digests: ReadonlySet<Digest>;
  /** Names of the image: `repository:tag`. */
  readonly references: ReadonlySet<string>;
  /** The platform that was examined: a scanner examines one of an index. Undefined: it is unknown. */
  readonly platform?: string | undefined;
  readonly vulnerabilities: readonly Vulnerability[];
}

const WORDS: ReadonlyMap<string, Severity> = new Map([
  ['unspecified', 'unspecified'],
  ['unknown', 'unspecified'],
  ['none', 'unspecified'],
  ['minimal', 'minimal'],
  ['negligible', 'minimal'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['moderate', 'medium'],
  ['high', 'high'],
  ['important', 'high'],
  ['critical', 'critical'],
]);

/** The severity that a scanner names, in any case; undefined for an unknown word. */
export function severityNamed(word: unknown): Severity | undefined {
  return typeof word === 'string' ? WORDS.get(word.trim().toLowerCase()) : undefined;
}

/** Characters of an id, a name or a version. */
const MAX_TEXT = 200;

/** Foreign text on one line, empty for anything else. */
export function plain(value: unknown): string {
  return typeof value === 'string' ? oneLine(value, MAX_TEXT) : '';
}

/** The objects in a list, or none. */
export function objectsIn(value: unknown): readonly JsonObject[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter(isObject);
}

/** The texts in a list, or none. */
export function textsIn(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter((one) => typeof one === 'string');
}

export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The digests and the references in names such as `repository:tag`, `repository@digest` and `digest`. */
export function namesOf(names: readonly unknown[]): Pick<ScanReport, 'digests' | 'references'> {
  const digests = new Set<Digest>();
  const references = new Set<string>();
  for (const name of textsIn(names)) {
    const digest = parseDigest(name.slice(name.lastIndexOf('@') + 1));
    if (digest !== undefined) digests.add(digest);
    else if (name !== '') references.add(name);
  }
  return { digests, references };
}
