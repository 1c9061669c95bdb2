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
    for (const connection of this.#all) connection.destroy(error);
    for (const exchange of this.#waiting) exchange.onError(error);
    this.#waiting.clear();
  }

  /** It rests for a turn of the event loop, because some servers close a connection that they have called persistent. */
  onFree(connection: Connection): void {
    this.#resting.push(connection);
    if (this.#resting.length === 1) setImmediate(setImmediate, this.#wake);
  }

  onGone(connection: Connection): void {
    this.#all.delete(connection);
    const place = this.#free.indexOf(connection);
    if (place !== -1) this.#free.splice(place, 1);
    this.#dialForWaiting();
  }

  readonly #wake = (): void => {
    for (const connection of this.#resting.splice(0)) if (this.#all.has(connection)) this.#use(connection);
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
    while (this.#dialing < this.#waiting.size && this.#all.size + this.#dialing < this.#most) {
      void this.#open();
    }
  }

  async #open(): Promise<void> {
    this.#dialing += 1;
    try {
      const connection = await Connection.open(this.#dial, this, this.#closing.signal);
      this.#dialing -= 1;
      if (this.#closing.signal.aborted) return connection.destroy(poolClosed());
      this.#all.add(connection);
      this.#use(connection);
    } catch (error) {
      this.#dialing -= 1;
      this.#takeWaiting()?.onError(error);
      this.#dialForWaiting();
    }
  }
}

function poolClosed(): ExchangeError {
  return new ExchangeError('closed', 'the connections are closed');
}
