import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool, runTool, type ToolName } from './tools.ts';

/** User names and their passwords. */
export type Users = Readonly<Record<string, string>>;

/** What lets people into a real registry. */
export interface RegistryAuth {
  /** The section `auth` of distribution's configuration, as YAML. */
  readonly auth: string;
  stop(): Promise<void>;
}

/** A guard that knows passwords by itself: `auth.htpasswd`. */
export async function passwordGuard(users: Users): Promise<RegistryAuth> {
  const directory = mkdtempSync(join(tmpdir(), 'cip-htpasswd-'));
  const path = await writePasswords(directory, users);
  return {
    auth: `auth:\n  htpasswd:\n    realm: passwords\n    path: ${path}\n`,
    stop: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
  };
}

/** Writes bcrypt hashes, the only ones that registries take. */
export async function writePasswords(directory: string, users: Users): Promise<string> {
  const path = join(directory, 'htpasswd');
  const lines: string[] = [];
  for (const [user, password] of Object.entries(users)) {
    lines.push((await runTool('htpasswd', ['-nbB', user, password])).stdout.trim());
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** True where all these programs are here. Says which are not; with CI=true that is an error. */
export function haveTools(...names: readonly ToolName[]): boolean {
  const missing = names.filter((name) => findTool(name) === undefined);
  if (missing.length === 0) return true;
  const what = `not found: ${missing.join(', ')}; run scripts/install-test-tools.sh`;
  if (process.env['CI'] === 'true') throw new Error(`${what} (CI=true, so this is no reason to skip tests)`);
  console.error(`skipped: ${what}`);
  return false;
}
