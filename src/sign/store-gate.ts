import { getOrMake } from '../base/maps.ts';
import { RegistryError } from '../ports/registry-error.ts';

/** The results of one repository so far. */
interface GateState {
  /** The last signature was stored. */
  isProven: boolean;
  /** Since the last stored signature. */
  refusals: readonly RegistryError[];
  /** Signatures under way. Each is removed before it resolves, and none rejects. */
  readonly running: Set<Promise<void>>;
}

/** Signatures under way while a repository is not known to store them. */
const TRIALS = 5;
/** Refusals in a row after which no more signatures are made for a repository. */
const MAX_REFUSALS = 3;

/**
 * Limits the signatures that are made for nothing: a signature is an entry of a public log before a repository refuses to
 * store it. A few are tried first; if the repository refuses them, further ones fail at once with the same error.
 */
export class StoreGate {
  readonly #states = new Map<string, GateState>();

  /** Signs and stores by `store`. The key is a repository, and the kind of signatures that it stores or refuses alike. */
  async run(key: string, store: () => Promise<void>): Promise<void> {
    const state = getOrMake(this.#states, key, newState);
    while (!state.isProven && state.running.size >= TRIALS) await Promise.race(state.running);
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
    // `moved` is of one tag, which others write at the same time
    if (error instanceof RegistryError && error.code !== 'moved') {
      state.isProven = false;
      state.refusals = [...state.refusals, error];
    }
    throw error;
  }
}
