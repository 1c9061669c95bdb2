import { quote } from '../../../base/text.ts';

/** What listings of a host have that is no name, no tag or no digest. */
export interface InvalidNamesOfHost {
  readonly count: number;
  /** The first of them, fit for a log. */
  readonly example: string;
}

/** Counts what is left out of listings because it is outside the grammars: nobody can ask for it. */
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

/** Told of what is outside the grammars: it cannot be wanted, and must not get into a URL. */
export type LeaveOut = (entry: unknown) => void;

/** The entries of a list that are texts and that `parse` takes. */
export function fitTexts<T>(
  entries: readonly unknown[],
  { parse, leaveOut }: { readonly parse: (text: string) => T | undefined; readonly leaveOut: LeaveOut },
): T[] {
  return entries.flatMap((entry) => {
    const value = typeof entry === 'string' ? parse(entry) : undefined;
    if (value !== undefined) return [value];
    leaveOut(entry);
    return [];
  });
}

function describe(name: unknown): string {
  if (typeof name === 'string') return quote(name);
  return typeof name === 'object' && name !== null ? 'an object' : String(name);
}
