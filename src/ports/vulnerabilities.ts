import type { Digest } from '../image/digest.ts';
import type { Purl } from '../image/purl.ts';
import type { Repository } from '../image/repository.ts';
import type { Severity } from '../image/severity.ts';
import type { Tag } from '../image/tag.ts';

/** A vulnerability of a package in an image. Every text is one line. */
export interface Vulnerability {
  /** `CVE-2024-1234`, `GHSA-…`. */
  readonly id: string;
  /** Other names of it. */
  readonly aliases: readonly string[];
  readonly severity: Severity;
  readonly package: string;
  readonly version: string;
  /** Unset: the source names no package URL. */
  readonly purl?: Purl | undefined;
  /** The version with the fix. Empty: there is a fix, or may be one, in an unknown version. Undefined: there is none. */
  readonly fixedIn: string | undefined;
  /** The reason why the source itself does not count it. Unset: it counts. */
  readonly dismissed?: string | undefined;
}

/** An image as its source has it. */
export interface ScanTarget {
  readonly repository: Repository;
  readonly digest: Digest;
  /** The tags that it is promoted with; none for an image in an index. */
  readonly tags: readonly Tag[];
  /** The one platform of an index, `linux/amd64`, whose result is wanted. Unset: the result of the whole. */
  readonly platform?: string | undefined;
}

export interface ScanResult {
  readonly vulnerabilities: readonly Vulnerability[];
  /** The reason why the image was not scanned as a whole. Unset: it was. */
  readonly notScanned?: string | undefined;
}

/** The results of a vulnerability scanner. */
export interface VulnerabilitySource {
  /** `Container Analysis`, or the name of the program. */
  readonly name: string;
  /** Images at a time. */
  readonly concurrency: number;
  /**
   * The results of an index:
   * - `whole`     one result covers all of its platforms
   * - `platforms` a result under its digest is that of one platform
   * - `none`      it has none: each image in it is scanned by its own digest
   */
  readonly indexResults: 'whole' | 'platforms' | 'none';
  /** A failure is a reason in `notScanned`. Throws only the reason of an aborted signal. */
  scan(target: ScanTarget, signal: AbortSignal): Promise<ScanResult>;
}

/** A statement that a vulnerability affects some products, or does not (Vulnerability Exploitability eXchange). */
export interface VexStatement {
  /** The id of the vulnerability, and other names of it. */
  readonly vulnerabilities: readonly string[];
  readonly products: readonly VexProduct[];
  /** Whether the products are not affected. */
  readonly dismisses: boolean;
  /** The status, with its justification: `not_affected: vulnerable_code_not_present`. */
  readonly status: string;
  /** Milliseconds since the epoch; of two statements the later one counts. */
  readonly time: number;
}

/** An image of a statement, by its digest or by its repository. */
export type VexProduct = VexImage & {
  /** The packages in it that the statement is limited to. Unset: all. */
  readonly packages?: readonly Purl[] | undefined;
};

export type VexImage = (
  | { readonly digest: Digest }
  | {
      readonly repository: Repository;
      /** Unset: every image of the repository. */
      readonly tag?: string | undefined;
    }
) & {
  /** The architecture of an index that the statement is limited to, `arm64`. Unset: all. */
  readonly architecture?: string | undefined;
};
