/**
 * Bytes of a chunk, the first to be tried first: what the front ends of clouds take (Cloud Run 32 MiB, Lambda 6 MB and
 * ECR 20 MiB take no more), and what nginx takes unless it is told otherwise (1 MiB).
 */
const SIZES = [5 * 1024 * 1024, 512 * 1024] as const;

/** Learns, host by host, how large the body of an upload may be, and how small a chunk. */
export class ChunkSupport {
  readonly #most = new Map<string, number>();
  readonly #least = new Map<string, number>();

  /** Bytes that a body may have; infinite where nothing else is known. */
  mostOf(host: string): number {
    const most = this.#most.get(host);
    return most === undefined ? Number.POSITIVE_INFINITY : Math.max(most, this.#least.get(host) ?? 0);
  }

  /** A body of so many bytes was refused for its size (413). */
  learnTooMuch(host: string, size: number): void {
    const next = SIZES.find((chunk) => chunk < size);
    if (next !== undefined && next < this.mostOf(host)) this.#most.set(host, next);
  }

  /** `OCI-Chunk-Min-Length` of an answer: every chunk but the last has to have so many bytes. */
  learnLeast(host: string, header: string | undefined): void {
    if (header !== undefined && /^\d{1,12}$/.test(header)) this.#least.set(host, Number(header));
  }
}
