import { getOrMake } from '../../base/maps.ts';

/**
 * Learns for each host whether it supports an optional kind of request, such as mounts. Until that is known a host gets
 * one such request at a time, because those that are not honoured are wasted.
 */
export class HostSupport {
  readonly #maxRefusals: number;
  readonly #hosts = new Map<string, Knowledge>();

  /** After `maxRefusals` refused requests, with none honoured, a host is taken to have no support. */
  constructor(maxRefusals: number) {
    this.#maxRefusals = maxRefusals;
  }

  /** Sends a request and notes whether it was honoured. Resolves to undefined for a host without support. */
  async attempt<T>(
    host: string,
    request: () => Promise<{ honoured: boolean; answer: T }>,
  ): Promise<T | undefined> {
    const known = getOrMake(
      this.#hosts,
      host,
      (): Knowledge => ({ support: 'unknown', refusalsLeft: this.#maxRefusals, turn: Promise.resolve() }),
    );
    const run = () => sendUnlessKnown(known, request);
    return known.support === 'unknown' ? inTurn(known, run) : run();
  }
}

interface Knowledge {
  support: 'unknown' | 'supported' | 'unsupported';
  refusalsLeft: number;
  /** Settles when the next request may start. */
  turn: Promise<void>;
}

async function inTurn<T>(known: Knowledge, work: () => Promise<T>): Promise<T> {
  const before = known.turn;
  let done: () => void = () => {};
  known.turn = new Promise((resolve) => {
    done = resolve;
  });
  await before;
  try {
    // once the support is known, requests need not wait for each other
    if (known.support !== 'unknown') done();
    return await work();
  } finally {
    done();
  }
}

async function sendUnlessKnown<T>(
  known: Knowledge,
  request: () => Promise<{ honoured: boolean; answer: T }>,
): Promise<T | undefined> {
  if (known.support === 'unsupported') return undefined;
  const { honoured, answer } = await request();
  if (honoured) known.support = 'supported';
  else if (known.support === 'unknown') {
    known.refusalsLeft -= 1;
    if (known.refusalsLeft <= 0) known.support = 'unsupported';
  }
  return answer;
}
