/** One flag of `cip`, as users know it: the table that parsing, help and the README are made from. */
export interface FlagSpec {
  readonly name: string;
  /** What stands for its value in the help; a flag without one is a boolean. */
  readonly value?: string;
  readonly description: string;
  readonly default?: string;
  /** Whether `-help` prints it; `-help-all` prints all. */
  readonly isCommon?: boolean;
  readonly group: FlagGroup;
  /** What a boolean may be besides. */
  readonly words?: readonly string[];
  /** May be given several times; the values add up. */
  readonly repeatable?: boolean;
  /** The one command that takes it; a flag without one is of them all. */
  readonly command?: string;
  /** What became of a flag of the original that does nothing here: said in a warning. Such flags are not in the help. */
  readonly inert?: string;
  /** Recognised, but refused until it is built. */
  readonly planned?: boolean;
  /** What to use in place of a flag of the original that asks for what is not done here: said in a refusal. */
  readonly refused?: string;
}

export type FlagGroup =
  | 'manifests'
  | 'promotion'
  | 'verify'
  | 'report'
  | 'snapshots'
  | 'planned'
  | 'registries'
  | 'general'
  | 'gone'
  | 'upstream';

/** The flags that `report merge` takes. */
export const MERGE_FLAGS = ['report', 'report-markdown', 'allow-lost', 'log-level', 'log-format'] as const;
