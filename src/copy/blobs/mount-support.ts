/** A host that has refused so many mounts, and honoured none, is taken not to do them. */
const REFUSALS_TO_BELIEVE = 3;

type Support = 'unknown' | 'mounts' | 'never mounts';

/**
 * Learns, host by host, whether mounts are worth asking for first. Until that is known a host gets one mount at a
 * time: a registry that never mounts answers each with an upload that has to be given up again.
 */
export class MountSupport {
  readonly #hosts = new Map<string, HostSupport>();

  /** Runs a mount, or nothing where the host is known not to do them; `mount` says whether it was honoured. */
  async tryMount<T>(
    host: string,
    mount: () => Promise<{ honoured: boolean; answer: T }>,
  ): Promise<T | undefined> {
    const known = this.#hosts.get(host) ?? { support: 'unknown', refusals: 0, turn: Promise.resolve() };
    this.#hosts.set(host, known);
    if (known.support === 'unknown') return inTurn(known, () => askOnce(known, mount));
    return askOnce(known, mount);
  }
}

interface HostSupport {
  support: Support;
  refusals: number;
  /** Settles when it is the next one's turn. */
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
    // whoever waited while the habit was found out need not hold up the others any more
    if (known.support !== 'unknown') done();
    return await work();
  } finally {
    done();
  }
}

async function askOnce<T>(
  known: HostSupport,
  mount: () => Promise<{ honoured: boolean; answer: T }>,
): Promise<T | undefined> {
  if (known.support === 'never mounts') return undefined;
  const { honoured, answer } = await mount();
  if (honoured) known.support = 'mounts';
  else if (known.support === 'unknown') {
    known.refusals += 1;
    if (known.refusals >= REFUSALS_TO_BELIEVE) known.support = 'never mounts';
  }
  return answer;
}
