/** A response as a value: complete before its first byte is sent, so that faults can alter it. */
export interface Reply {
  readonly status: number;
  /** Without Content-Length, which is the length of the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body for GET. The response to HEAD is the same without it. */
  readonly body?: Uint8Array;
}

export function jsonReply(value: unknown, extras: Partial<Pick<Reply, 'status' | 'headers'>> = {}): Reply {
  return {
    status: extras.status ?? 200,
    headers: { 'Content-Type': 'application/json', ...extras.headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}
