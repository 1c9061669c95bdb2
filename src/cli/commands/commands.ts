import type { Flag } from '../flags/flag.ts';
import { apply } from './apply.ts';
import { audit } from './audit.ts';
import type { CipCommand } from './command.ts';
import { add } from './add.ts';
import { auditServe } from './audit-serve.ts';
import { completionOf } from './completion.ts';
import { copy } from './copy.ts';
import { diff } from './diff.ts';
import { fmt } from './fmt.ts';
import { init } from './init.ts';
import { mergeDriver } from './merge-driver.ts';
import { lint } from './lint.ts';
import { mm } from './mm.ts';
import { pr } from './pr.ts';
import { promote } from './promote.ts';
import { reportMerge } from './report-merge.ts';
import { review } from './review.ts';
import { show } from './show.ts';
import { sigcheck } from './sigcheck.ts';
import { verify } from './verify.ts';
import { version } from './version.ts';

/** The commands of the programs, in the order of their help: parsing, help, suggestions and docs are made from it. */
export const COMMANDS: readonly CipCommand[] = [
  promote,
  init,
  add,
  mm,
  fmt,
  mergeDriver,
  lint,
  pr,
  review,
  copy,
  verify,
  audit,
  sigcheck,
  diff,
  show,
  apply,
  reportMerge,
  auditServe,
  completionOf(() => COMMANDS),
  version,
];

/** The commands of a program. */
export interface CommandTable {
  readonly commands: readonly CipCommand[];
  /** The flags of all commands, each once; where commands differ, as the first one has it. */
  readonly flags: readonly Flag[];
}

/** Makes the table of some commands. */
export function makeTable(commands: readonly CipCommand[]): CommandTable {
  const flags = new Map<string, Flag>();
  for (const flag of commands.flatMap((command) => command.flags)) {
    if (!flags.has(flag.name)) flags.set(flag.name, flag);
  }
  return { commands, flags: Array.from(flags.values()) };
}

export const TABLE = makeTable(COMMANDS);
