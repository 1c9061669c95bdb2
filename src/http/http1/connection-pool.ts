import { Connection, type ConnectionOwner, type Dial } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { ExchangeError } from './exchange-error.ts';

/**
 * The connections to one origin. A request takes the idle connection that was used last, or waits for the first one
 * that is dialed or becomes idle.
 */
export class ConnectionPool implements ConnectionOwner {
  readonly #dial: Dial;
  readonly #limit: number;
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  /** Become idle within two turns of the event loop. */
  readonly #resting: Connection[] = [];
  readonly #waiting = new Set<Exchange>();
  readonly #closing = new AbortController();
  #dialing = 0;

  /** `limit` is the largest number of connections. */
  constructor(dial: Dial, limit: number) {
    this.#dial = dial;
    this.#limit = limit;
  }

  /** Ends with `onEnd` or `onError` of the exchange. */
  run(exchange: Exchange): void {
    if (this.#closing.signal.aborted) return exchange.onError(poolClosed());
    const connection = this.#idle.pop();
    if (connection !== undefined) return connection.run(exchange);
    this.#waiting.add(exchange);
    this.#dialForWaiting();
  }

  /** Forgets an exchange that has not started. A connection that is dialed for it is kept for others. */
  cancel(exchange: Exchange): void {
    this.#waiting.delete(exchange);
  }

  /** Called every second. */
  checkTimeouts(): void {
    for (const connection of this.#all) connection.checkTimeouts();
  }

  /** Closes all connections. Exchanges that have not ended, and later ones, get `ExchangeError` `closed`. */
  close(): void {
    const error = poolClosed();
    this.#closing.abort(error);
    for (let next = this.#takeWaiting(); next !== undefined; next = this.#takeWaiting()) next.onError(error);
    for (const connection of this.#all) connection.destroy(error);
  }

  /** The connection rests first, because some servers close a connection that they have called persistent. */
  onIdle(connection: Connection): void {
    this.#resting.push(connection);
    if (this.#resting.length === 1) setImmediate(() => setImmediate(() => this.#endRest()));
  }

  onClosed(connection: Connection): void {
    this.#all.delete(connection);
    for (const list of [this.#idle, this.#resting]) {
      const place = list.indexOf(connection);
      if (place !== -1) list.splice(place, 1);
    }
    this.#dialForWaiting();
  }

  #endRest(): void {
    for (const connection of this.#resting.splice(0)) this.#use(connection);
  }

  #use(connection: Connection): void {
    const next = this.#takeWaiting();
    if (next === undefined) this.#idle.push(connection);
    else connection.run(next);
  }

  /** The exchange that has waited longest. */
  #takeWaiting(): Exchange | undefined {
    for (const exchange of this.#waiting) {
      this.#waiting.delete(exchange);
      return exchange;
    }
    return undefined;
  }

  #dialForWaiting(): void {
    const { signal } = this.#closing;
    while (this.#isShort() && this.#all.size + this.#dialing < this.#limit) {
      this.#dialing += 1;
      Connection.open(this.#dial, this, signal).then(
        (connection) => {
          this.#dialing -= 1;
          this.#add(connection);
        },
        (error: unknown) => {
          this.#dialing -= 1;
          this.#failOne(error);
        },
      );
    }
  }

  /** True if more requests wait than connections are about to be ready. */
  #isShort(): boolean {
    return this.#waiting.size > this.#dialing + this.#resting.length;
  }

  #add(connection: Connection): void {
    if (this.#closing.signal.aborted) return connection.destroy(poolClosed());
    this.#all.add(connection);
    this.#use(connection);
  }

  /** A failed dial is the error of one request. */
  #failOne(error: unknown): void {
    this.#takeWaiting()?.onError(error);
    this.#dialForWaiting();
  }
}

function poolClosed(): ExchangeError {
  return new ExchangeError('closed', 'the connections are closed');
}
