import { open, readFile, stat } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { decodePlan, MAX_PLAN_BYTES, type PlanFile } from '../../plan/plan-codec.ts';
import { parseSigningKey, parseTrustedKey, type PlanKey } from '../../plan/plan-seal.ts';
import type { Log } from '../../ports/log.ts';
import { InputError } from '../flags/usage-error.ts';

/** The plan in a file. Throws an `InputError` for a file that cannot be read, and for whatever is no plan. */
export async function readPlanFile(path: string): Promise<PlanFile> {
  try {
    return decodePlan(await readBounded(path, MAX_PLAN_BYTES));
  } catch (error) {
    throw new InputError(`cannot use the plan ${quote(path)}: ${messageOf(error)}`);
  }
}

/** All of a file or a pipe, if it is no longer than that. */
async function readBounded(path: string, limit: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw new Error('it is a directory: give the path of a file');
    const chunks: Buffer[] = [];
    let size = stats.size;
    if (size <= limit) {
      size = 0;
      for await (const chunk of file.createReadStream({ autoClose: false, end: limit })) {
        chunks.push(chunk);
        size += chunk.length;
      }
    }
    if (size <= limit) return Buffer.concat(chunks);
    throw new Error(`it has more than ${limit} bytes, which no plan file has`);
  } finally {
    await file.close();
  }
}

/** The key in a file that signs plans. Throws an `InputError`; warns of a file that others may read. */
export async function openSigner(path: string | undefined, log: Log): Promise<PlanKey | undefined> {
  if (path === undefined) return undefined;
  const key = await readKey(path, { flag: '-plan-key', parse: parseSigningKey });
  const { mode } = await stat(path);
  if ((mode & OTHERS) !== 0 && process.platform !== 'win32') {
    log.write('warning', 'other users may read or replace the file of -plan-key: chmod 600 it', {
      file: path,
    });
  }
  return key;
}

/** Permissions of group and others. */
const OTHERS = 0o077;

/** The keys that may have signed a plan. Throws an `InputError`. */
export function readTrustedKeys(paths: readonly string[]): Promise<PlanKey[]> {
  const kind = { flag: '-plan-trusted-key', parse: parseTrustedKey };
  return Promise.all(paths.map((path) => readKey(path, kind)));
}

async function readKey(
  path: string,
  { flag, parse }: { readonly flag: string; readonly parse: (pem: string) => PlanKey },
): Promise<PlanKey> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new InputError(`cannot use ${flag}=${quote(path)}: ${messageOf(error)}`);
  }
}
