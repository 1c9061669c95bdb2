/** Bytes of a chunk, by preference: below the limits of Cloud Run (32 MiB), ECR (20 MiB) and Lambda (6 MB); of nginx (1 MiB). */
const SIZES = [5 * 1024 * 1024, 512 * 1024] as const;

/** Learns the largest body of an upload and the smallest chunk, by host. */
export class ChunkSupport {
  readonly #most = new Map<string, number>();
  readonly #least = new Map<string, number>();

  /** The largest body, in bytes; infinite unless a refusal has shown a limit. */
  mostOf(host: string): number {
    const most = this.#most.get(host);
    return most === undefined ? Number.POSITIVE_INFINITY : Math.max(most, this.#least.get(host) ?? 0);
  }

  /** Notes that a body of this size was refused (413). */
  learnTooMuch(host: string, size: number): void {
    const next = SIZES.find((chunk) => chunk < size);
    if (next !== undefined && next < this.mostOf(host)) this.#most.set(host, next);
  }

  /** Notes `OCI-Chunk-Min-Length`: every chunk but the last must have this size. */
  learnLeast(host: string, header: string | undefined): void {
    if (header !== undefined && /^\d{1,12}$/.test(header)) this.#least.set(host, Number(header));
  }
}
