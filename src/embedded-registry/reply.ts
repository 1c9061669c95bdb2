/** An answer as a value: it is complete before its first byte is sent, so that faults can be done to it. */
export interface Reply {
  readonly status: number;
  /** Without Content-Length: that is the length of the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** What GET sends; the answer to HEAD is the same without it. */
  readonly body?: Uint8Array;
}

export function jsonReply(value: unknown, extras: Partial<Pick<Reply, 'status' | 'headers'>> = {}): Reply {
  return {
    status: extras.status ?? 200,
    headers: { 'Content-Type': 'application/json', ...extras.headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}
