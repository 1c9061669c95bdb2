import { open, readFile } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { decodePlan, MAX_PLAN_BYTES, type PlanFile } from '../../plan/plan-codec.ts';
import { parseTrustedKey, type PlanKey } from '../../plan/plan-seal.ts';
import { InputError } from '../flags/usage-error.ts';

/** Reads a plan file. Throws an `InputError` for a file that cannot be read or is no plan. */
export async function readPlanFile(path: string): Promise<PlanFile> {
  try {
    return decodePlan(await readBounded(path, MAX_PLAN_BYTES));
  } catch (error) {
    throw new InputError(`cannot use the plan ${quote(path)}: ${messageOf(error)}`);
  }
}

/** The content of a file or a pipe, up to `limit` bytes. */
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

/** The keys that a signature may be of. Throws an `InputError`. */
export function readTrustedKeys(paths: readonly string[]): Promise<PlanKey[]> {
  const read = async (path: string) => {
    try {
      return parseTrustedKey(await readFile(path, 'utf8'));
    } catch (error) {
      throw new InputError(`cannot use -plan-trusted-key=${quote(path)}: ${messageOf(error)}`);
    }
  };
  return Promise.all(paths.map(read));
}
