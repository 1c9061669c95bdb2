import { getOrMake } from '../../base/maps.ts';

/** Refused mounts, with none honoured, after which a host is taken to have no support for mounts. */
const MAX_REFUSALS = 3;

/**
 * Learns for each host whether it supports mounts. Until that is known a host gets one mount at a time: a registry
 * without mounts answers each of them with an upload that has to be cancelled.
 */
export class MountSupport {
  readonly #hosts = new Map<string, HostSupport>();

  /** Runs a mount and notes whether it was honoured. Resolves to undefined for a host without support. */
  async tryMount<T>(
    host: string,
    mount: () => Promise<{ honoured: boolean; answer: T }>,
  ): Promise<T | undefined> {
    const known = getOrMake(
      this.#hosts,
      host,
      (): HostSupport => ({ support: 'unknown', refusals: 0, turn: Promise.resolve() }),
    );
    const run = () => mountUnlessKnown(known, mount);
    return known.support === 'unknown' ? inTurn(known, run) : run();
  }
}

interface HostSupport {
  support: 'unknown' | 'mounts' | 'never mounts';
  refusals: number;
  /** Settles when the next mount may start. */
  turn: Promise<void>;
}

async function inTurn<T>(known: HostSupport, work: () => Promise<T>): Promise<T> {
  const before = known.turn;
  let done: () => void = () => {};
  known.turn = new Promise((resolve) => {
    done = resolve;
  });
  await before;
  try {
    // once the support is known, mounts need not wait for each other
    if (known.support !== 'unknown') done();
    return await work();
  } finally {
    done();
  }
}

async function mountUnlessKnown<T>(
  known: HostSupport,
  mount: () => Promise<{ honoured: boolean; answer: T }>,
): Promise<T | undefined> {
  if (known.support === 'never mounts') return undefined;
  const { honoured, answer } = await mount();
  if (honoured) known.support = 'mounts';
  else if (known.support === 'unknown') {
    known.refusals += 1;
    if (known.refusals >= MAX_REFUSALS) known.support = 'never mounts';
  }
  return answer;
}
