import { Connection, type ConnectionOwner, type Dial, type Exchange } from './connection.ts';
import { ExchangeError } from './exchange-error.ts';

/**
 * The connections to one origin. A request takes a free connection, the last one used first, or waits for the first
 * that is made or becomes free.
 */
export class ConnectionPool implements ConnectionOwner {
  readonly #dial: Dial;
  readonly #most: number;
  readonly #all = new Set<Connection>();
  readonly #free: Connection[] = [];
  /** Those that become free with the next turn of the event loop. */
  readonly #resting: Connection[] = [];
  readonly #waiting = new Set<Exchange>();
  readonly #closing = new AbortController();
  #dialing = 0;

  /** `most` bounds the connections. */
  constructor(dial: Dial, most: number) {
    this.#dial = dial;
    this.#most = most;
  }

  /** Ends in `onEnd` or `onError` of the exchange. */
  run(exchange: Exchange): void {
    if (this.#closing.signal.aborted) return exchange.onError(poolClosed());
    const connection = this.#free.pop();
    if (connection !== undefined) return connection.run(exchange);
    this.#waiting.add(exchange);
    this.#dialForWaiting();
  }

  /** Forgets an exchange that has not started. */
  cancel(exchange: Exchange): void {
    this.#waiting.delete(exchange);
  }

  /** Called every second. */
  tick(): void {
    for (const connection of this.#all) connection.tick();
  }

  close(): void {
    const error = poolClosed();
    this.#closing.abort(error);
    for (let next = this.#takeWaiting(); next !== undefined; next = this.#takeWaiting()) next.onError(error);
    for (const connection of this.#all) connection.destroy(error);
  }

  /** It rests for a turn of the event loop, because some servers close a connection that they have called persistent. */
  onFree(connection: Connection): void {
    this.#resting.push(connection);
    if (this.#resting.length === 1) setImmediate(setImmediate, this.#wake);
  }

  onGone(connection: Connection): void {
    this.#all.delete(connection);
    for (const list of [this.#free, this.#resting]) {
      const place = list.indexOf(connection);
      if (place !== -1) list.splice(place, 1);
    }
    this.#dialForWaiting();
  }

  readonly #wake = (): void => {
    for (const connection of this.#resting.splice(0)) this.#use(connection);
  };

  #use(connection: Connection): void {
    const next = this.#takeWaiting();
    if (next === undefined) this.#free.push(connection);
    else connection.run(next);
  }

  #takeWaiting(): Exchange | undefined {
    for (const exchange of this.#waiting) {
      this.#waiting.delete(exchange);
      return exchange;
    }
    return undefined;
  }

  #dialForWaiting(): void {
    const { signal } = this.#closing;
    while (this.#isShort() && this.#all.size + this.#dialing < this.#most) {
      this.#dialing += 1;
      Connection.open(this.#dial, this, signal)
        .finally(() => (this.#dialing -= 1))
        .then(
          (connection) => this.#add(connection),
          (error: unknown) => this.#fail(error),
        );
    }
  }

  /** True if more requests wait than connections are about to take one. */
  #isShort(): boolean {
    return this.#waiting.size > this.#dialing + this.#resting.length;
  }

  #add(connection: Connection): void {
    if (this.#closing.signal.aborted) return connection.destroy(poolClosed());
    this.#all.add(connection);
    this.#use(connection);
  }

  /** A failed dial is the error of one request. */
  #fail(error: unknown): void {
    this.#takeWaiting()?.onError(error);
    this.#dialForWaiting();
  }
}

function poolClosed(): ExchangeError {
  return new ExchangeError('closed', 'the connections are closed');
}
