/** One flag, as users know it: parsing, help, suggestions and docs/flags.md are made from it. */
export interface Flag {
  readonly name: string;
  /** The placeholder of its value in the help; a flag without one is a boolean. */
  readonly value?: string;
  readonly description: string;
  readonly default?: string;
  /** Title in the help. */
  readonly group: string;
  /** The values that it takes, where they are few: completions offer them. */
  readonly values?: readonly string[];
  /** Further values of a boolean. */
  readonly words?: readonly string[];
  /** May be given several times; the values add up. The help says so. */
  readonly repeatable?: boolean;
  /** Refused with an empty value: an unset variable must not turn a snapshot into a promotion. */
  readonly neverEmpty?: boolean;
  /** Why a flag of the original has no effect: a warning. Such flags are not in the help. */
  readonly inert?: string;
  /** The replacement of a flag of the original that is gone: a refusal. */
  readonly refused?: string;
}

/** Flags below one title of the help. */
export function flagsOf(group: string, flags: readonly Omit<Flag, 'group'>[]): readonly Flag[] {
  return flags.map((flag) => ({ ...flag, group }));
}

/** Whether a flag does something: these are in the help and are suggested. */
export function isInHelp({ inert, refused }: Flag): boolean {
  return inert === undefined && refused === undefined;
}
