import { readFileSync } from 'node:fs';
import { type CipOptions, type RunningCip, startProgram } from './run-cip.ts';

/** A container that runs a root file system. */
export interface ContainerOptions extends Pick<CipOptions, 'env'> {
  /** The user; the group is 0, as OpenShift has it. */
  readonly uid: number;
  /** Directories of this machine, by their path in the container, which is below /home. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Arguments of `nsenter`, which lead into a namespace. */
  readonly within?: readonly string[];
}

/** As kubelet and docker set it where the image says nothing. */
const PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * Runs a program in a root file system that is read-only, as process 1 of its own processes, with the network of this
 * machine, the variables in `env` and no others. Only root may.
 */
export function startInContainer(
  root: string,
  [program = '', ...args]: readonly string[],
  { uid, env = {}, volumes = {}, within = [] }: ContainerOptions,
): RunningCip {
  const mounts = Object.entries(volumes).flatMap(([path, source]) => [
    `mkdir -p "$0${path}"`,
    `mount --bind '${source}' "$0${path}"`,
  ]);
  const script = [
    'set -e',
    'mount --bind "$0" "$0"',
    'mount -t proc proc "$0/proc"',
    'mount --rbind /dev "$0/dev"',
    'mount -t tmpfs tmpfs "$0/home"',
    ...mounts,
    'mount -o remount,ro "$0/home"',
    'mount -o remount,bind,ro "$0"',
    'exec /usr/sbin/chroot --userspec="$1:0" --groups= "$0" "${@:2}"',
  ].join('\n');
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child=SIGKILL'];
  const command = ['/bin/bash', '-c', script, root, String(uid), program, ...args];
  const running = startProgram(
    '/usr/bin/nsenter',
    [...within, '/usr/bin/unshare', ...namespaces, ...command],
    {
      env: { PATH, HOME: undefined, ...env },
    },
  );
  return { ...running, kill: (signal) => process.kill(firstProcess(running.pid), signal) };
}

/** The process that is number 1 in the container, by its number on this machine. */
function firstProcess(unshare: number): number {
  const children = readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8');
  const pid = Number.parseInt(children, 10);
  if (Number.isNaN(pid)) throw new Error('the container has ended');
  return pid;
}
