import type { HostFault } from '../../base/host-fault.ts';
import type { Position } from '../../base/position.ts';
import type { Digest } from '../../image/digest.ts';
import type { Reference } from '../../image/reference.ts';
import type { Repository } from '../../image/repository.ts';
import type { AuditChange, AuditDecision } from '../../report/audit/audit.ts';

/** The result of one edge, or of content that no manifest allows. `decision` is a closed union. */
export interface Finding {
  readonly decision: AuditDecision;
  readonly repository: Repository;
  /** The tag, or the digest without a tag. Undefined: the repository as a whole. */
  readonly reference: Reference | undefined;
  /** The wanted digest of an edge, else the digest in production. */
  readonly digest?: Digest;
  /** The digest that a tag has instead of the wanted one. */
  readonly found?: Digest;
  readonly reason: string;
  readonly at?: Position | undefined;
  /** Milliseconds since the epoch. */
  readonly uploaded?: number | undefined;
  readonly fault?: HostFault | undefined;
}

/** The results of one repository. */
export interface Judgement {
  readonly repository: Repository;
  /** Edges that are present are counted: nearly all are. */
  readonly present: number;
  readonly findings: readonly Finding[];
  readonly changes: readonly AuditChange[];
  /** Whether untagged digests were seen only where the manifests name them. */
  readonly listsTagsOnly: boolean;
}
