import { forEachConcurrently } from '../base/concurrency.ts';
import { messageOf } from '../base/errors.ts';
import { oneLine } from '../base/text.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import type { Alerter } from './alerts/alerter.ts';
import { type LogEntry, type Trace, traceOf } from './cloud-log.ts';
import type { AuditorCounts } from './counts.ts';
import { type Message, parseMessage } from './events/parse-message.ts';
import { formatPayload, type ParsedMessage, type RegistryEvent } from './events/registry-event.ts';
import { type LoadedManifests, type ManifestStore, ManifestsUnreadable } from './manifests/manifest-store.ts';
import type { AllowedDigests } from './verdict/allowed-images.ts';
import type { ChildFinder } from './verdict/child-finder.ts';
import { type Judgement, judgeByContent, judgeDirectly } from './verdict/judge-event.ts';
import { formatVerdict, type Verdict } from './verdict/verdict.ts';

export interface AuditorParts {
  /** Prefix of every verdict. */
  readonly id: string;
  readonly version: string;
  readonly store: ManifestStore;
  readonly registry: ReadRegistry;
  readonly children: ChildFinder;
  /** The images of plans and reports. */
  readonly extra: () => Promise<ReadonlyMap<string, AllowedDigests>>;
  readonly alerter: Alerter;
  readonly counts: AuditorCounts;
  readonly clock: Clock;
  /** Resolves when the entry is written. */
  readonly log: (entry: LogEntry) => Promise<void>;
}

export interface AuditedRequest extends Message {
  readonly path: string;
}

export interface Answer {
  readonly status: 200 | 500;
  readonly body: string;
}

/** Events of one request that are judged at the same time. */
const WORKERS = 16;

type Outcome = Verdict | { readonly kind: 'unreadable'; readonly reason: string };

/** Judges the changes in messages. */
export class Auditor {
  readonly #parts: AuditorParts;

  constructor(parts: AuditorParts) {
    this.#parts = parts;
  }

  /**
   * The answer to a message, after its verdicts are logged. An invalid message is rejected with 200, so that it is not
   * delivered again; one that could not be judged gets 500. Throws an error if the log cannot be written.
   */
  async audit(request: AuditedRequest, signal: AbortSignal): Promise<Answer> {
    const parsed = parseMessage(request);
    if (parsed.kind === 'invalid') return await this.#answer(request, [rejectInvalid(parsed)]);
    const outcomes: Outcome[] = [];
    const entries = Array.from(parsed.events.entries());
    let fetching: Promise<LoadedManifests> | undefined;
    const fresh: FreshManifests = () => (fetching ??= this.#parts.store.fresh(signal));
    // each event handles the signal itself, so that verdicts reached in time are logged
    await forEachConcurrently(entries, { workers: WORKERS, signal: NEVER }, async ([index, event]) => {
      outcomes[index] = await this.#judge(event, fresh, signal);
    });
    return await this.#answer(request, outcomes);
  }

  async #judge(event: RegistryEvent, fresh: FreshManifests, signal: AbortSignal): Promise<Outcome> {
    try {
      const verdict = await this.#judgeWithManifests(event, fresh, signal);
      return verdict;
    } catch (error) {
      const reason = signal.aborted ? messageOf(signal.reason) : messageOf(error);
      return { kind: 'unreadable', reason: `${formatPayload(event)}: ${oneLine(reason, 1000)}` };
    }
  }

  /** Accepts by the loaded manifests; rejects only by manifests that were fetched after the message arrived. */
  async #judgeWithManifests(
    event: RegistryEvent,
    fresh: FreshManifests,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const recent = await this.#parts.store.recent(signal);
    const first = await settle(this.#judgeBy(recent, event, signal));
    if (first.kind === 'verdict' && first.verdict.kind !== 'rejected') return first.verdict;
    const newest = await fresh();
    if (newest !== recent) return this.#rejectOnlyIfWhole(newest, await this.#judgeBy(newest, event, signal));
    if (first.kind === 'failure') throw first.error;
    return this.#rejectOnlyIfWhole(newest, first.verdict);
  }

  async #judgeBy(manifests: LoadedManifests, event: RegistryEvent, signal: AbortSignal): Promise<Verdict> {
    const judgement = await this.#judgementBy(manifests);
    return judgeDirectly(event, judgement) ?? (await judgeByContent(event, judgement, signal));
  }

  async #judgementBy({ images, version }: LoadedManifests): Promise<Judgement> {
    const { registry, children, extra } = this.#parts;
    return { images, commit: version.commit, extra: await extra(), registry, children };
  }

  #rejectOnlyIfWhole({ broken }: LoadedManifests, verdict: Verdict): Verdict {
    if (verdict.kind !== 'rejected' || broken.length === 0) return verdict;
    throw new ManifestsUnreadable(`not judged, because a manifest cannot be read: ${broken.join('; ')}`);
  }

  async #answer(request: AuditedRequest, outcomes: readonly Outcome[]): Promise<Answer> {
    const { id } = this.#parts;
    const trace = traceOf(request.headers);
    for (const outcome of outcomes) {
      // oxlint-disable-next-line no-await-in-loop -- the lines of a request stay together
      await this.#record(outcome, request, trace);
    }
    const lines = outcomes.map((outcome) =>
      outcome.kind === 'unreadable' ? `(${id}) NOT JUDGED: ${outcome.reason}` : formatVerdict(outcome, id),
    );
    const isUnreadable = outcomes.some(({ kind }) => kind === 'unreadable');
    if (lines.length === 0) lines.push(`(${id}) TRANSACTION IGNORED: no change of an image`);
    const isRejection = outcomes.at(-1)?.kind === 'rejected'; // the original has no line feed there
    return { status: isUnreadable ? 500 : 200, body: `${lines.join('\n')}${isRejection ? '' : '\n'}` };
  }

  async #record(outcome: Outcome, request: AuditedRequest, trace: Trace | undefined): Promise<void> {
    const { id, version, counts, alerter, clock, log } = this.#parts;
    if (outcome.kind === 'unreadable') {
      counts.unreadable += 1;
      await log({ severity: 'ERROR', message: `(${id}) NOT JUDGED: ${outcome.reason}`, trace });
      return;
    }
    const { kind, repository, commit } = outcome;
    const message = formatVerdict(outcome, id);
    const labels = {
      verdict: kind,
      repository: oneLine(repository),
      ...(commit === undefined ? {} : { commit }),
    };
    if (kind !== 'rejected') {
      counts[kind] += 1;
      await log({ severity: 'INFO', message, trace, labels });
      return;
    }
    const { cause, reason } = outcome;
    counts.rejected[cause] += 1;
    const report = { version, path: request.path, userAgent: String(request.headers['user-agent'] ?? '') };
    await log({
      severity: 'ALERT',
      message,
      trace,
      labels: { ...labels, cause, reason: oneLine(reason) },
      report,
    });
    alerter.offer(
      { repository: oneLine(repository), cause, message: oneLine(message, 1000) },
      clock.monotonic(),
    );
  }
}

/** Manifests of a fetch that began after the message arrived: one fetch for all of its events. */
type FreshManifests = () => Promise<LoadedManifests>;

const NEVER = new AbortController().signal;

function rejectInvalid({ cause, reason, repository }: Extract<ParsedMessage, { kind: 'invalid' }>): Verdict {
  return { kind: 'rejected', cause, repository, reason, text: reason, commit: undefined };
}

type Settled =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'failure'; readonly error: unknown };

async function settle(judging: Promise<Verdict>): Promise<Settled> {
  try {
    return { kind: 'verdict', verdict: await judging };
  } catch (error) {
    return { kind: 'failure', error };
  }
}
