import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Digest } from '../../../src/image/digest.ts';
import { multiArch } from '../../builders/images.ts';
import { testdir } from '../../builders/testdir.ts';
import { thinFiles } from '../staging.ts';

/** The account of the destinations, as the real manifests name it. */
export const ACCOUNT = 'k8s-infra-gcr-promoter@k8s-artifacts-prod.iam.gserviceaccount.com';
export const SOURCE = 'k8s-staging-app';
export const PRODUCTION = 'k8s-artifacts-prod/images';
export const REGIONS = ['us-central1', 'europe-west1', 'asia-east1'].map((name) => `${name}-docker.pkg.dev`);
/** The image that was promoted before, and the one that the last commit adds. */
export const OLD = multiArch('prow old', { platforms: 2 });
export const NEW = multiArch('prow new', { platforms: 2 });

/** The directories of manifests in the clones of Prow. */
const PLACES = ['kubernetes/k8s.io/registry.k8s.io', 'kubernetes-sigs/promo-tools/canary'];

export interface Clones {
  /** Stands for /home/prow. */
  readonly home: string;
  /** The commit before the last one, in the clone of k8s.io. */
  readonly base: string;
}

/** The clones that Prow makes before it starts a job. */
export async function cloneAsProw(): Promise<Clones> {
  const home = await testdir({});
  const bases = PLACES.map((place) => {
    const directory = join(home, 'go/src/github.com', place);
    const top = dirname(directory);
    mkdirSync(directory, { recursive: true });
    git(top, ['init', '--quiet']);
    commit({ top, directory, date: '2020-01-01T00:00:00Z' }, { [OLD.manifest.digest]: ['v1'] });
    const base = git(top, ['rev-parse', 'HEAD']);
    const images = { [OLD.manifest.digest]: ['v1'], [NEW.manifest.digest]: ['v2'] };
    commit({ top, directory, date: undefined }, images);
    return base;
  });
  return { home, base: bases[0] ?? '' };
}

interface Tree {
  readonly top: string;
  readonly directory: string;
  /** Default: now. */
  readonly date: string | undefined;
}

function commit({ top, directory, date }: Tree, app: Readonly<Record<Digest, readonly string[]>>): void {
  const to = REGIONS.map((host) => `${host}/${PRODUCTION}`);
  const files = thinFiles({ [SOURCE]: { from: `gcr.io/${SOURCE}`, to, images: { app } } });
  for (const [path, text] of Object.entries(files)) {
    const place = join(directory, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text.replaceAll(`/${PRODUCTION}"`, `$&\n  service-account: ${ACCOUNT}`));
  }
  git(top, ['add', '.']);
  const when = date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  git(top, [...who, 'commit', '--quiet', '--message=images'], when);
}

function git(directory: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const settings = { env: { ...process.env, ...env }, encoding: 'utf8' } as const;
  return execFileSync('git', ['-C', directory, ...args], settings).trim();
}
