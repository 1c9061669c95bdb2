import { getOrMake } from '../base/maps.ts';
import { RegistryError } from '../ports/registry-error.ts';

/** The results of one key so far. */
interface GateState {
  /** The last signature was stored. */
  isProven: boolean;
  /** Since the last stored signature. */
  refusals: readonly RegistryError[];
  /** Signatures in progress. Each is removed before it resolves, and none rejects. */
  readonly running: Set<Promise<void>>;
}

/** Concurrent signatures until a repository has stored one. */
const MAX_TRIALS = 5;
/** Refusals in a row that close the gate of a repository. */
const MAX_REFUSALS = 3;

/**
 * Limits signatures that cannot be stored: each is an entry of a public log before the repository refuses it. A few are
 * tried first. If the repository refuses them, further ones fail at once with the same error.
 */
export class StoreGate {
  readonly #states = new Map<string, GateState>();

  /** Calls `store`, which signs and stores. The key names a repository and the kind of signature, because a repository may refuse one kind only. */
  async run(key: string, store: () => Promise<void>): Promise<void> {
    const state = getOrMake(this.#states, key, newState);
    while (!state.isProven && state.running.size >= MAX_TRIALS) await Promise.race(state.running);
    const refusal = state.refusals[MAX_REFUSALS - 1];
    if (refusal !== undefined) throw refusal;
    const stored = watch(state, store());
    const running = stored.then(
      () => void state.running.delete(running),
      () => void state.running.delete(running),
    );
    state.running.add(running);
    return stored;
  }
}

function newState(): GateState {
  return { isProven: false, refusals: [], running: new Set() };
}

async function watch(state: GateState, storing: Promise<void>): Promise<void> {
  try {
    await storing;
    state.isProven = true;
    state.refusals = [];
  } catch (error) {
    // `moved` concerns one tag, which another client writes at the same time
    if (error instanceof RegistryError && error.code !== 'moved') {
      state.isProven = false;
      state.refusals = [...state.refusals, error];
    }
    throw error;
  }
}
