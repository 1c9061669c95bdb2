import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { findTool } from './tools.ts';

/** A user namespace in which programs for arm64 run under QEMU. Nothing outside it changes. */
export interface Emulation {
  /** Arguments of `nsenter` that lead into it, before the program and its arguments. */
  readonly within: readonly string[];
  close(): void;
}

const QEMU = 'qemu-aarch64-static';
/** A rule of binfmt_misc for ELF files for arm64: first bytes, mask, interpreter. The flag F opens the interpreter at once. */
const RULE = [
  ':arm64:M:',
  String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`,
  String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`,
].join(':');
const REGISTER = [
  'mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc',
  'printf %s "$0" > /proc/sys/fs/binfmt_misc/register',
].join(' && ');
const EVERY_ID = '0 0 4294967295';

/** Why programs for arm64 cannot run here; undefined if they can. For root on Linux. */
export function reasonNotToEmulate(): string | undefined {
  if (process.arch !== 'x64') return `the other image is for amd64, and this machine is ${process.arch}`;
  if (findTool(QEMU) === undefined) return `not found: ${QEMU}; run scripts/install-test-tools.sh`;
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 7)
    ? undefined
    : `Linux ${release()} has one binfmt_misc for all user namespaces, 6.7 has one for each`;
}

/** Starts a namespace, which lasts until `close` or the end of this process. */
export async function emulateArm64(): Promise<Emulation> {
  const holder = spawn('unshare', ['--user', '--mount', 'sh', '-c', 'echo; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data'); // it is in its namespace
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${holder.pid}/${map}`, EVERY_ID);
  const within = [`--target=${holder.pid}`, '--user', '--mount'];
  execFileSync('nsenter', [...within, 'sh', '-c', REGISTER, `${RULE}:${findTool(QEMU)}:F`]);
  return { within, close: () => holder.stdin.end() };
}
