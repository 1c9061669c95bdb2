import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runAction } from '../doubles/action-runner.ts';
import { fakeGithub, TOKEN } from '../doubles/github-api.ts';
import { temporaryDirectory } from '../doubles/run-cip.ts';
import { embedded, thinFiles } from './staging.ts';

export const PULL_REQUEST = { action: 'opened', pull_request: { number: 7 } };
export const PUSH = { ref: 'refs/heads/main' };

/** The part of a log in which the runner executes commands. */
export function outsideCommands(log: string): string {
  const [, token = ''] = /^::stop-commands::(\S+)$/m.exec(log) ?? [];
  return log.slice(0, log.indexOf('::stop-commands')) + log.slice(log.indexOf(`\n::${token}::`));
}

/** A project with one image, in the directory `images` of a workspace. */
export async function world({ lost = false } = {}) {
  const registry = await embedded();
  const github = await fakeGithub();
  const digest = push(registry, 'staging/app', image({ seed: 'one' }), 'v1');
  const { host } = registry;
  const wanted = lost ? `sha256:${'a'.repeat(64)}` : digest;
  const project = { from: `${host}/staging`, to: [`${host}/prod`], images: { app: { [wanted]: ['v1'] } } };
  const files = thinFiles({ a: project });
  const workspace = await testdir(
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`images/${path}`, text])),
  );
  const call = (given: {
    readonly inputs?: Readonly<Record<string, string>>;
    readonly eventName?: string;
    readonly event: Readonly<Record<string, unknown>>;
    readonly workspace?: string;
    readonly env?: Readonly<Record<string, string>>;
  }) =>
    runAction({
      workspace,
      ...given,
      inputs: { directory: 'images', ...given.inputs },
      apiUrl: github.url,
      token: TOKEN,
      env: { DOCKER_CONFIG: temporaryDirectory(), ...given.env },
    });
  return { registry, github, workspace, call };
}
