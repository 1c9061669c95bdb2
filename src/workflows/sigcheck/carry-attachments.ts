import { messageOf } from '../../base/errors.ts';
import type { HostFault } from '../../base/host-fault.ts';
import { getOrMake } from '../../base/maps.ts';
import { countOf } from '../../base/text.ts';
import type { Finding } from '../../checks/rule.ts';
import {
  AttachmentCarrier,
  type CarriedAttachments,
  type CarryPorts,
} from '../../copy/carry/attachment-carrier.ts';
import { CarryRecord, type CarryTotals } from '../../copy/carry/carried.ts';
import { completeAttachments, type CompletionPorts } from '../../copy/carry/complete-attachments.ts';
import { AttachmentsError } from '../../copy/outcome.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { Progress } from '../../ports/progress.ts';
import { hostFaultOf } from '../../ports/registry-error.ts';
import { attachmentFindings } from '../../report/attachment-findings.ts';
import type { ReportFinding } from '../../report/envelope.ts';
import { makeFindings } from '../../report/findings.ts';
import type { ImageToSign } from '../../sign/images-to-sign.ts';
import type { PlaceResult } from './place-result.ts';

export interface CarryingPorts extends Omit<CompletionPorts, 'carrying' | 'advance'> {
  readonly carrying: Omit<CarryPorts, 'source'>;
  readonly progress: Progress;
}

/** The attachments of sources, compared with those of destinations. */
export interface CarryResults {
  readonly totals: CarryTotals;
  /** Attachments that were ignored, and sources that refuse to be read. */
  readonly findings: readonly ReportFinding[];
  /** The result of a place, with the attachments that it lacks or has got. */
  readonly apply: (result: PlaceResult) => PlaceResult;
}

/**
 * Carries the attachments that images lack, or counts them in a run that is not confirmed. It comes before the examination,
 * so that a carried signature counts, and is not made again.
 */
export async function carryAttachments(
  images: readonly ImageToSign[],
  { progress, ...ports }: CarryingPorts,
  signal: AbortSignal,
): Promise<CarryResults> {
  const record = new PlaceRecord(ports.confirm);
  const carrier = new AttachmentCarrier({ ...ports.carrying, source: ports.source });
  const tasks = images.flatMap(({ digest, places }) =>
    places.map(({ repository: destination, want }) => {
      const edges = [placeKey(destination, digest)];
      return { destination, digest, sources: want.sources, edges, isPresent: true };
    }),
  );
  progress.begin('carry', tasks.length);
  const advance = () => progress.advance();
  await completeAttachments(tasks, { ...ports, carrying: { carrier, record }, advance }, signal);
  progress.end();
  const refusals = record.takeRefusals(new Set(tasks.flatMap(({ sources }) => sources)));
  return {
    totals: record,
    findings: makeFindings([...attachmentFindings(record), ...refusals]),
    apply: (result) => record.apply(result),
  };
}

/** Faults of a host that are an answer: the repository is gone, or closed to this identity. */
const REFUSALS: ReadonlySet<string> = new Set(['credentials', 'right', 'refused']);

interface Failure {
  readonly reason: string;
  readonly fault: HostFault | undefined;
}

/** Attachments without their manifests: a run keeps them for all of its images. */
interface Counted {
  readonly from: Repository;
  readonly count: number;
}

function note(
  counts: Map<string, Counted>,
  edges: readonly string[],
  { from, carried }: CarriedAttachments,
): void {
  if (carried.length > 0) for (const edge of edges) counts.set(edge, { from, count: carried.length });
}

/** Remembers the attachments of each place. */
class PlaceRecord extends CarryRecord {
  readonly #confirm: boolean;
  readonly #failures = new Map<string, Failure>();
  readonly #carried = new Map<string, Counted>();
  readonly #missing = new Map<string, Counted>();

  constructor(confirm: boolean) {
    super();
    this.#confirm = confirm;
  }

  override add(edges: readonly string[], attachments: CarriedAttachments): void {
    super.add(edges, attachments);
    note(this.#carried, edges, attachments);
  }

  override plan(edges: readonly string[], attachments: CarriedAttachments): void {
    super.plan(edges, attachments);
    note(this.#missing, edges, attachments);
  }

  override fail(edges: readonly string[], error: unknown): void {
    const done = this.#confirm ? 'carried' : 'compared';
    const text = error instanceof AttachmentsError ? error.reason : messageOf(error);
    const reason = `attachments not ${done}: ${text} (-carry=none checks without them)`;
    const failure = { reason, fault: hostFaultOf(error) };
    for (const edge of edges) this.#failures.set(edge, failure);
  }

  /** Sources that refuse to be read: what they hold is not known, and the places are judged without it. */
  takeRefusals(sources: ReadonlySet<string>): readonly Finding[] {
    const refused = new Map<string, Finding & { readonly edges: string[] }>();
    for (const [edge, { fault }] of this.#failures) {
      const source = fault && repositoryOf(fault);
      if (fault === undefined || source === undefined) continue;
      if (!REFUSALS.has(fault.kind) || !sources.has(source)) continue;
      this.#failures.delete(edge);
      getOrMake(refused, source, () => refusal(source, fault.message)).edges.push(edge);
    }
    return Array.from(refused.values());
  }

  apply(result: PlaceResult): PlaceResult {
    if (result.digest === undefined || result.decision === 'not-checked') return result;
    const key = placeKey(result.place.repository, result.digest);
    const failure = this.#failures.get(key);
    if (failure !== undefined) return this.#withFailure(result, failure);
    const missing = this.#missing.get(key);
    if (missing !== undefined)
      return withProblem(lacking(result), { decision: 'uncarried', reason: describe(missing, 'missing') });
    const carried = this.#carried.get(key);
    if (carried === undefined) return result;
    const reason = joined(result.reason, describe(carried, 'carried'));
    return { ...lacking(result), reason, ...(isGood(result) && { decision: 'repaired' }) };
  }

  /** Where the destination refuses what it lacks, the repair has failed: it still lacks it. */
  #withFailure(result: PlaceResult, failure: Failure): PlaceResult {
    const isRefused = failure.fault !== undefined && repositoryOf(failure.fault) === result.place.repository;
    return this.#confirm && isRefused
      ? withProblem(lacking(result), { decision: 'uncarried', ...failure })
      : withProblem(result, { decision: 'unreadable', ...failure });
  }
}

/** The repository that a fault is about. */
function repositoryOf({ host, repository }: HostFault): string | undefined {
  return repository === undefined ? undefined : `${host}/${repository}`;
}

function refusal(source: string, reason: string) {
  const message = `${source}: the source refuses access, so its attachments are not compared: ${reason}`;
  const advice = 'grant the identity read access, or check without the attachments of sources (-carry=none)';
  return {
    rule: 'attachments',
    level: 'warn',
    message,
    advice,
    at: undefined,
    edges: new Array<string>(),
  } as const;
}

function lacking(result: PlaceResult): PlaceResult {
  return { ...result, missing: [...result.missing, 'attachments'] };
}

/** A problem with attachments is the decision only where the signatures have none. */
function withProblem(
  result: PlaceResult,
  { decision, reason, fault }: Pick<PlaceResult, 'decision' | 'reason' | 'fault'>,
): PlaceResult {
  const text = joined(result.reason, reason);
  return isGood(result)
    ? { ...result, decision, reason: text, fault }
    : { ...result, reason: text, fault: result.fault ?? fault };
}

function isGood({ decision }: PlaceResult): boolean {
  return decision === 'signed' || decision === 'repaired';
}

function joined(...reasons: readonly string[]): string {
  return reasons.filter((reason) => reason !== '').join('; ');
}

function describe({ count, from }: Counted, state: 'missing' | 'carried'): string {
  const attachments = `${countOf(count, 'attachment')} of ${from}`;
  return state === 'missing' ? `${attachments} not carried` : `${attachments} carried`;
}

function placeKey(repository: Repository, digest: Digest): string {
  return `${repository}@${digest}`;
}
