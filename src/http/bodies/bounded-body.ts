import { RegistryError } from '../../ports/registry-error.ts';
import { describeRequest, type HttpRequest } from '../request.ts';

const EMPTY = new Uint8Array();
const DEFAULT_MAX_BODY_BYTES = 64 * 1024;

/** A body as it arrives, up to the limit of its request. */
export class BoundedBody {
  readonly #request: HttpRequest;
  readonly #pieces: Buffer[] = [];
  #size = 0;

  constructor(request: HttpRequest) {
    this.#request = request;
  }

  /** Copies the piece. */
  add(piece: Uint8Array): void {
    this.#size += piece.length;
    this.#pieces.push(Buffer.from(piece));
  }

  /** The error of a response that exceeds the limit of its request. */
  tooLarge(): RegistryError | undefined {
    const limit = this.#request.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    if (this.#size <= limit) return undefined;
    return new RegistryError(
      'unexpected',
      `${describeRequest(this.#request)}: the answer is larger than ${limit} bytes`,
    );
  }

  join(): Uint8Array {
    const [first = EMPTY] = this.#pieces;
    return this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first;
  }
}
