import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fetcher } from 'tuf-js';
import { DownloadHTTPError, DownloadLengthMismatchError } from 'tuf-js/dist/error.js';

/** Downloads for tuf-js over the HTTP stack of this program. */
export class TufFetcher implements Fetcher {
  readonly #fetch: typeof fetch;
  readonly #directory: string;
  readonly #signal: AbortSignal;
  /** The error of the first request that had no answer. tuf-js turns some errors into text. */
  failure: unknown;

  /** Files are downloaded to the directory. */
  constructor(fetcher: typeof fetch, directory: string, signal: AbortSignal) {
    this.#fetch = fetcher;
    this.#directory = directory;
    this.#signal = signal;
  }

  async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    const response = await this.#send(url);
    // tuf-js takes 403 and 404 for the end of the root metadata
    if (!response.ok) throw new DownloadHTTPError(`GET ${url}: status ${response.status}`, response.status);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (bytes.length <= maxLength) return bytes;
    throw new DownloadLengthMismatchError(`GET ${url}: more than ${maxLength} bytes`);
  }

  async downloadFile<T>(url: string, maxLength: number, handler: (file: string) => Promise<T>): Promise<T> {
    const file = join(this.#directory, 'download');
    await writeFile(file, await this.downloadBytes(url, maxLength));
    try {
      return await handler(file);
    } finally {
      await rm(file, { force: true });
    }
  }

  async #send(url: string): Promise<Response> {
    try {
      return await this.#fetch(url, { signal: this.#signal });
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }
}
