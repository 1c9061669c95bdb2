import { matchesGlob } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import type { Purl } from '../../image/purl.ts';
import type { VexProduct, VexStatement, Vulnerability } from '../../ports/vulnerabilities.ts';
import type { AllowedVulnerability } from './gate-options.ts';

/** The image that has a vulnerability. */
export interface AffectedImage {
  /** The digest of the platform, and that of the index that it is promoted in. */
  readonly digests: ReadonlySet<Digest>;
  /** Its platform by that index, `linux/amd64`. Unset: it is unknown, or there is no index. */
  readonly platform?: string | undefined;
  /** Repositories at the source and at the destinations. */
  readonly repositories: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
}

/** The assessment of a vulnerability by an exception of the settings or by a statement. */
export type Assessment =
  | { readonly kind: 'dismissed'; readonly reason: string }
  | { readonly kind: 'counts' /** The end of an expired exception. */; readonly allowedUntil?: string };

/** Exceptions and VEX statements, indexed by vulnerability, and whether a statement has applied. */
export class Dismissals {
  readonly #allowed: readonly AllowedVulnerability[];
  readonly #statements = new Map<string, VexStatement[]>();
  readonly #applied = new Set<VexStatement>();
  /** Vulnerabilities that count, by their keys. */
  readonly #counted = new Set<string>();
  readonly #today: string;

  /** `today` is `YYYY-MM-DD`, UTC. */
  constructor(
    allowed: readonly AllowedVulnerability[],
    { statements, today }: { readonly statements: readonly VexStatement[]; readonly today: string },
  ) {
    this.#allowed = allowed;
    this.#today = today;
    for (const statement of statements) {
      for (const name of new Set(statement.vulnerabilities.map(keyOf))) {
        const known = this.#statements.get(name);
        if (known === undefined) this.#statements.set(name, [statement]);
        else known.push(statement);
      }
    }
  }

  assess(vulnerability: Vulnerability, image: AffectedImage): Assessment {
    const statement = this.#latestStatement(vulnerability, image);
    if (vulnerability.dismissed !== undefined) return { kind: 'dismissed', reason: vulnerability.dismissed };
    const exceptions = this.#allowed.filter((entry) => isAllowed(entry, vulnerability, image));
    const valid = exceptions.find(({ expires }) => expires === undefined || expires >= this.#today);
    if (valid !== undefined) return { kind: 'dismissed', reason: `allowed: ${valid.reason}` };
    if (statement?.dismisses === true) return { kind: 'dismissed', reason: `VEX: ${statement.status}` };
    for (const name of namesOf(vulnerability)) this.#counted.add(keyOf(name));
    const [expired] = exceptions;
    return expired?.expires === undefined
      ? { kind: 'counts' }
      : { kind: 'counts', allowedUntil: expired.expires };
  }

  /** The vulnerabilities that count although a statement dismisses them, because it has applied to no image so far. */
  unapplied(): readonly string[] {
    const dismissing = Array.from(this.#counted).flatMap((key) =>
      (this.#statements.get(key) ?? []).filter((one) => one.dismisses && !this.#applied.has(one)),
    );
    return Array.from(new Set(dismissing.flatMap(({ vulnerabilities: [name = ''] }) => name))).toSorted();
  }

  /** The latest statement about the vulnerability in the image; of those of one time the last one. */
  #latestStatement(vulnerability: Vulnerability, image: AffectedImage): VexStatement | undefined {
    let latest: VexStatement | undefined;
    for (const name of namesOf(vulnerability)) {
      for (const statement of this.#statements.get(keyOf(name)) ?? []) {
        if (!statement.products.some((product) => isAffected(product, vulnerability, image))) continue;
        this.#applied.add(statement);
        if (latest === undefined || statement.time >= latest.time) latest = statement;
      }
    }
    return latest;
  }
}

function namesOf({ id, aliases }: Vulnerability): readonly string[] {
  return [id, ...aliases];
}

function keyOf(name: string): string {
  return name.toUpperCase();
}

function isAllowed(
  { vulnerability: glob, image: images, package: packages }: AllowedVulnerability,
  vulnerability: Vulnerability,
  { repositories }: AffectedImage,
): boolean {
  return (
    namesOf(vulnerability).some((name) => matchesGlob(keyOf(glob), keyOf(name))) &&
    (packages === undefined || matchesGlob(packages, vulnerability.package)) &&
    (images === undefined || Array.from(repositories).some((one) => matchesGlob(images, one)))
  );
}

function isAffected(product: VexProduct, vulnerability: Vulnerability, image: AffectedImage): boolean {
  const isImage =
    'digest' in product
      ? image.digests.has(product.digest)
      : image.repositories.has(product.repository) &&
        (product.tag === undefined || image.tags.has(product.tag));
  return (
    isImage &&
    isArchitecture(product, image) &&
    (product.packages?.some((one) => isPackage(one, vulnerability)) ?? true)
  );
}

/** An image outside an index has one architecture. */
function isArchitecture({ architecture }: VexProduct, { platform }: AffectedImage): boolean {
  if (architecture === undefined || platform === undefined) return true;
  return platform.split('/')[1] === architecture;
}

/**
 * Qualifiers limit a statement, to an architecture for example. A scanner that names no package URL has the name of the
 * package, with its namespace or without.
 */
function isPackage(wanted: Purl, { purl, package: name, version }: Vulnerability): boolean {
  if (purl !== undefined) {
    const isSame = purl.type === wanted.type && purl.name.toLowerCase() === wanted.name.toLowerCase();
    const isVersion = wanted.version === undefined || purl.version === wanted.version;
    return (
      isSame &&
      isVersion &&
      Array.from(wanted.qualifiers).every(([key, value]) => purl.qualifiers.get(key) === value)
    );
  }
  const isSame = wanted.name === name || wanted.name.slice(wanted.name.lastIndexOf('/') + 1) === name;
  return isSame && (wanted.version === undefined || wanted.version === version);
}
