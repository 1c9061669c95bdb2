import { untilAborted } from '../../base/concurrency.ts';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ManifestSource, SourceVersion } from '../../ports/manifest-source.ts';
import { AllowedParser, type ParsedImages } from './parse-allowed.ts';

/** The manifests of one version, as the auditor uses them. */
export interface LoadedManifests extends ParsedImages {
  readonly version: SourceVersion;
}

export interface StoreOptions {
  readonly source: ManifestSource;
  readonly clock: Clock;
  /** Milliseconds: a change that is allowed by manifests of this age is accepted. */
  readonly maxAge: number;
  /** Milliseconds between two fetches, at least. */
  readonly minInterval: number;
  /** Ends all fetches. */
  readonly signal: AbortSignal;
}

/** The state of the manifests, for readiness and metrics. */
export interface StoreState {
  readonly loaded: LoadedManifests | undefined;
  /** Monotonic milliseconds of the last successful fetch. */
  readonly fetchedAt: number | undefined;
  /** The error of the last fetch; undefined if it succeeded. */
  readonly error: string | undefined;
  readonly fetches: number;
  readonly failures: number;
}

/**
 * The newest manifests. Each version is parsed once. Fetches never overlap; concurrent callers share one.
 */
export class ManifestStore {
  readonly #options: StoreOptions;
  readonly #parser = new AllowedParser();
  #state: StoreState = { loaded: undefined, fetchedAt: undefined, error: undefined, fetches: 0, failures: 0 };
  /** The fetch that has begun. */
  #running: Promise<LoadedManifests> | undefined;
  /** The fetch that begins next. */
  #pending: Promise<LoadedManifests> | undefined;
  #begunAt: number | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  get state(): StoreState {
    return this.#state;
  }

  /**
   * Manifests of at most `maxAge`, or the last ones if a fetch fails: a change that they allow is accepted. Throws an error
   * if no manifests were ever loaded.
   */
  async recent(signal: AbortSignal): Promise<LoadedManifests> {
    const { loaded } = this.#state;
    if (loaded !== undefined && this.#age() <= this.#options.maxAge) return loaded;
    if (loaded === undefined) return await this.fresh(signal);
    try {
      return await untilAborted(this.#running ?? this.#next(), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      return loaded;
    }
  }

  /** Manifests of a fetch that begins after this call. Throws an error if it fails. */
  fresh(signal: AbortSignal): Promise<LoadedManifests> {
    return untilAborted(this.#next(), signal);
  }

  /** Milliseconds since the last attempt: after a failure, old manifests serve for a while without another attempt. */
  #age(): number {
    return this.#begunAt === undefined
      ? Number.POSITIVE_INFINITY
      : this.#options.clock.monotonic() - this.#begunAt;
  }

  #next(): Promise<LoadedManifests> {
    this.#pending ??= this.#fetchNext();
    return this.#pending;
  }

  async #fetchNext(): Promise<LoadedManifests> {
    const { clock, minInterval, signal } = this.#options;
    try {
      await this.#running?.catch(() => {});
      const wait = minInterval - this.#age();
      if (wait > 0) await clock.sleep(wait, signal);
    } finally {
      this.#pending = undefined;
    }
    this.#begunAt = clock.monotonic();
    const running = this.#fetch();
    this.#running = running;
    try {
      return await running;
    } finally {
      this.#running = undefined;
    }
  }

  async #fetch(): Promise<LoadedManifests> {
    const { clock } = this.#options;
    const counts = { fetches: this.#state.fetches + 1, failures: this.#state.failures };
    try {
      const loaded = await this.#load();
      this.#state = { ...counts, loaded, fetchedAt: clock.monotonic(), error: undefined };
      return loaded;
    } catch (error) {
      const message = `manifests of ${this.#options.source.name}: ${messageOf(error)}`;
      this.#state = { ...this.#state, ...counts, failures: counts.failures + 1, error: message };
      throw new ManifestsUnreadable(message, { cause: error });
    }
  }

  async #load(): Promise<LoadedManifests> {
    const { source, signal } = this.#options;
    const version = await source.latest(signal);
    const { loaded } = this.#state;
    if (loaded?.version.id === version.id) return loaded;
    const parsed = this.#parser.parse(await source.read(version, signal));
    if (parsed === undefined)
      throw new Error('no manifests found: expected manifests/NAME/promoter-manifest.yaml');
    return { ...parsed, version };
  }
}

/** The manifests could not be read: nothing can be rejected. */
export class ManifestsUnreadable extends Error {}
