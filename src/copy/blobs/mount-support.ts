/** A host that has refused so many mounts, and honoured none, is taken not to do them. */
const REFUSALS_TO_BELIEVE = 3;

type Habit = 'unknown' | 'mounts' | 'never mounts';

/**
 * Learns, host by host, whether mounts are worth asking for first. Until that is known a host gets one mount at a
 * time: a registry that never mounts answers each with an upload that has to be given up again.
 */
export class MountHabits {
  readonly #hosts = new Map<string, HostHabit>();

  /** Runs a mount, or nothing where the host is known not to do them; `mount` says whether it was honoured. */
  async tryMount<T>(
    host: string,
    mount: () => Promise<{ honoured: boolean; answer: T }>,
  ): Promise<T | undefined> {
    const known = this.#hosts.get(host) ?? { habit: 'unknown', refusals: 0, turn: Promise.resolve() };
    this.#hosts.set(host, known);
    if (known.habit === 'unknown') return inTurn(known, () => askOnce(known, mount));
    return askOnce(known, mount);
  }
}

interface HostHabit {
  habit: Habit;
  refusals: number;
  /** Settles when it is the next one's turn. */
  turn: Promise<void>;
}

async function inTurn<T>(known: HostHabit, work: () => Promise<T>): Promise<T> {
  const before = known.turn;
  let done: () => void = () => {};
  known.turn = new Promise((resolve) => {
    done = resolve;
  });
  await before;
  try {
    // whoever waited while the habit was found out need not hold up the others any more
    if (known.habit !== 'unknown') done();
    return await work();
  } finally {
    done();
  }
}

async function askOnce<T>(
  known: HostHabit,
  mount: () => Promise<{ honoured: boolean; answer: T }>,
): Promise<T | undefined> {
  if (known.habit === 'never mounts') return undefined;
  const { honoured, answer } = await mount();
  if (honoured) known.habit = 'mounts';
  else if (known.habit === 'unknown') {
    known.refusals += 1;
    if (known.refusals >= REFUSALS_TO_BELIEVE) known.habit = 'never mounts';
  }
  return answer;
}
