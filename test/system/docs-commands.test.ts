// The shell blocks of README.md and docs/ that are marked `<!-- runs -->`, each in a directory of its own.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GIT_ENV, repositoryIn } from '../builders/git-repository.ts';
import { helmChart, image, multiArch, push } from '../builders/images.ts';
import { startProgram, temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { shellBlocks } from '../repository/shell-blocks.ts';
import { embedded, plainManifest, thinFiles } from './staging.ts';

const BLOCKS = shellBlocks().flatMap(({ at, text, run }) =>
  run === undefined ? [] : [{ at, text, ...run }],
);

it.each(BLOCKS)('$at runs as its page says', async ({ text, exitCode, isPromoted }) => {
  const { directory, localize } = await world({ withManifests: !text.includes('cip init DIR') });
  const promote = isPromoted ? 'cip -thin-manifest-dir=DIR -confirm -quiet\n' : '';
  const { status, stdout, stderr } = await startProgram('sh', ['-ec', `${promote}${localize(text)}`], {
    cwd: directory,
    env: { ...GIT_ENV, PATH: `${programs()}:${process.env['PATH']}` },
  }).ended;
  expect(status, `${stdout}${stderr}`).toBe(exitCode);
});

/**
 * The registries that the pages name, and a directory with `DIR` (thin manifests in a clone, whose last commit adds a
 * tag) and `FILE` (a plain manifest). Staging holds releases that neither of them lists yet.
 */
async function world({ withManifests }: { readonly withManifests: boolean }) {
  const [staging, us, eu] = [await embedded(), await embedded(), await embedded()];
  const first = push(staging, 'staging/app', multiArch('app', { platforms: 2 }), 'v1.0.0');
  for (const tag of ['v1.1.0', 'v1.29.5', 'v1.30.0']) push(staging, 'staging/app', image({ seed: tag }), tag);
  push(staging, 'staging/charts/app', helmChart('app'), '1.0.0');

  const manifest = (...tags: readonly string[]) => ({
    from: `${staging.host}/staging`,
    to: [`${us.host}/prod`, `${eu.host}/prod`],
    images: { app: { [first]: tags } },
  });
  const directory = temporaryDirectory();
  if (withManifests) {
    mkdirSync(join(directory, 'DIR'));
    const { commit, git } = repositoryIn(join(directory, 'DIR'));
    commit(thinFiles({ app: manifest('v1.0.0') }));
    commit(thinFiles({ app: manifest('v1.0.0', 'v1.0') }));
    git('update-ref', 'refs/remotes/origin/main', 'HEAD^');
    writeFileSync(join(directory, 'FILE'), plainManifest(manifest('v1.0.0')));
  }
  const hosts = {
    'registry.example.com': staging.host,
    'us.gcr.io': us.host,
    'eu.gcr.io': eu.host,
    'registry.k8s.io': us.host,
  };
  const localize = (text: string) =>
    Object.entries(hosts).reduce((changed, [name, host]) => changed.replaceAll(name, host), text);
  return { directory, localize };
}

/** A directory with `cip`, `kpromo` and an `npx` that runs them, for PATH. */
function programs(): string {
  const directory = temporaryDirectory();
  const write = (name: string, command: string) => {
    writeFileSync(join(directory, name), `#!/bin/sh\nexec ${command} "$@"\n`);
    chmodSync(join(directory, name), 0o755);
  };
  for (const name of ['cip', 'kpromo']) {
    write(name, `"${process.execPath}" "${join(repositoryRoot(), 'bin', `${name}.js`)}"`);
  }
  write('npx', '');
  return directory;
}
