import { assertNever } from '../../base/errors.ts';
import { ProgramError, type ProgramRun, runProgram } from '../../base/run-program.ts';
import { DockerConfigError } from './parse-docker-config.ts';

export interface HelperCall {
  /** Of the helper; its PATH says where it is. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Runs a helper with a host as its question, to its end. Throws `helper-failed`, and the reason of an aborted signal. */
export async function runHelper(
  program: string,
  host: string,
  { env, timeout, signal }: HelperCall,
): Promise<ProgramRun> {
  try {
    return await runProgram({ program, args: ['get'], env, input: host, limit: timeout, signal });
  } catch (cause) {
    if (!(cause instanceof ProgramError)) throw cause;
    throw new DockerConfigError('helper-failed', explain(cause, { program, host }), { cause });
  }
}

function explain(
  { code, message }: ProgramError,
  { program, host }: { readonly program: string; readonly host: string },
): string {
  switch (code) {
    case 'not-found':
      return `cannot run ${program}: is it installed and in PATH?`;
    case 'not-runnable':
      return `cannot run ${program}: ${message === 'EACCES' ? NOT_EXECUTABLE : message}`;
    case 'too-late':
    case 'too-talkative':
      return `${program} get ${host}: ${message}`;
    default:
      return assertNever(code);
  }
}

const NOT_EXECUTABLE = 'the file in PATH may not be executed, see chmod +x';
