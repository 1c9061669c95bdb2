/** Ends a `switch` over a closed union: it does not compile when a member is forgotten. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
