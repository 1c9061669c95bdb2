import { readFile, stat } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import type { Secrets } from '../../base/secrets.ts';
import { quote } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import { encodePlan } from '../../plan/plan-codec.ts';
import { parseSigningKey, type PlanKey, signPlan } from '../../plan/plan-seal.ts';
import type { RecordedPlan } from '../../plan/recorded-plan.ts';
import { redactTexts } from '../../plan/redact-texts.ts';
import type { Log } from '../../ports/log.ts';
import { InputError } from '../flags/usage-error.ts';
import type { Stdio } from './stdio.ts';
import { type ReportTargets, writePieces } from './write-report.ts';

/** The plan of a dry run on its way to its file. */
export interface PlanOutput {
  readonly keep: (plan: RecordedPlan) => void;
  /** Writes the plan, or logs that the run has none. Throws a `ReportError`. */
  readonly write: (targets: ReportTargets, stdio: Stdio) => Promise<void>;
}

/** Reads the key that signs the plan, where there is one. Throws an `InputError`. */
export async function openPlanOutput(planKey: string | undefined, log: Log): Promise<PlanOutput> {
  const signer = planKey === undefined ? undefined : await readSigner(planKey, log);
  const sign = signer === undefined ? undefined : (digest: Digest) => signPlan(digest, signer);
  let plan: RecordedPlan | undefined;
  return {
    keep: (made) => {
      plan = made;
    },
    write: async ({ planOut }, stdio) => {
      const made = plan;
      if (made === undefined) log.write('error', NO_PLAN);
      else {
        const { secrets } = stdio;
        const told = redactTexts(made, (text) => secrets.redact(text));
        const pieces = () => withoutSecrets(encodePlan(told, sign), secrets);
        await writePieces(planOut, pieces, { stdio, what: 'plan' });
      }
    },
  };
}

const NO_PLAN = 'no plan was written: the run was stopped before it had read everything';

/** A secret that is left is in a name, which is obeyed, and cannot be redacted here: the digest would not match any more. */
function* withoutSecrets(pieces: Iterable<string>, secrets: Secrets): Generator<string> {
  for (const piece of pieces) {
    if (secrets.redact(piece) !== piece) throw new Error(SECRET_NAME);
    yield piece;
  }
}

const SECRET_NAME =
  'a name in it (a registry, an image, a tag or a file) is the same as a password or a token of this run: use another one';

/** Warns of a file that others may read. */
async function readSigner(path: string, log: Log): Promise<PlanKey> {
  try {
    const key = parseSigningKey(await readFile(path, 'utf8'));
    const { mode } = await stat(path);
    if ((mode & OTHERS) !== 0 && process.platform !== 'win32') {
      log.write('warning', 'other users may read or replace the file of -plan-key: chmod 600 it', {
        file: path,
      });
    }
    return key;
  } catch (error) {
    throw new InputError(`cannot use -plan-key=${quote(path)}: ${messageOf(error)}`);
  }
}

/** Permissions of group and others. */
const OTHERS = 0o077;
