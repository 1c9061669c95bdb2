import { quote } from '../../../base/text.ts';

/** Entries in listings of a host that are no valid name, tag or digest. */
export interface InvalidNamesOfHost {
  readonly count: number;
  /** The first of them, fit for a log. */
  readonly example: string;
}

/** Counts invalid entries of listings: they are left out, because no request can name them. */
export class InvalidNames {
  readonly #hosts = new Map<string, InvalidNamesOfHost>();

  note(host: string, name: unknown): void {
    const known = this.#hosts.get(host);
    this.#hosts.set(host, { count: (known?.count ?? 0) + 1, example: known?.example ?? describe(name) });
  }

  hosts(): ReadonlyMap<string, InvalidNamesOfHost> {
    return this.#hosts;
  }
}

/** Called for each invalid entry, which must not get into a URL. */
export type LeaveOut = (entry: unknown) => void;

/** The valid entries of a list. */
export function fitTexts<T>(
  entries: readonly unknown[],
  { parse, leaveOut }: { readonly parse: (text: string) => T | undefined; readonly leaveOut: LeaveOut },
): T[] {
  const fit: T[] = [];
  for (const entry of entries) {
    const value = typeof entry === 'string' ? parse(entry) : undefined;
    if (value === undefined) leaveOut(entry);
    else fit.push(value);
  }
  return fit;
}

function describe(name: unknown): string {
  if (typeof name === 'string') return quote(name);
  return typeof name === 'object' && name !== null ? 'an object' : String(name);
}
