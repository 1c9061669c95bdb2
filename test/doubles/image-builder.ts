import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import { findTool, repositoryRoot, runTool } from './tools.ts';

/** Builds the image of the Dockerfile on a base that is made from this machine's Node. Only root may. */
export interface ImageBuilder {
  /** Builds a target, with nothing from a cache unless `cached`. */
  build(name: string, options: { readonly target: string; readonly cached?: boolean }): Promise<void>;
  /** Writes an image as an OCI layout and resolves to its content. */
  readImage(name: string): Promise<BuiltImage>;
  /** Mounts the root file system of an image and resolves to its path. */
  mount(name: string): Promise<string>;
  /** Pushes to a registry on the loopback device. */
  push(name: string, reference: string): Promise<void>;
  close(): Promise<void>;
}

export interface BuiltImage {
  readonly digest: string;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
}

export interface ImageConfig {
  readonly architecture: string;
  readonly created: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
    readonly WorkingDir: string;
  };
}

export interface Layer {
  readonly digest: string;
  /** Paths of files and links, without a leading slash. */
  readonly paths: readonly string[];
  /** Bytes of its files. */
  readonly size: number;
}

const BASE_TAR = join(repositoryRoot(), '.tools/image-base.tar');
const BASE = 'localhost/base:latest';
/** The arguments of every build; the time is `2026-01-01T00:00:00Z`. */
export const BUILD_ARGS = {
  NODE_IMAGE: BASE,
  VERSION: '5.0.0',
  REVISION: '0123456789abcdef0123456789abcdef01234567',
  CREATED: '2026-01-01T00:00:00Z',
} as const;
const EPOCH = Date.parse(BUILD_ARGS.CREATED) / 1000;
const CAS = '/etc/ssl/certs/ca-certificates.crt';
const LIMIT = { timeoutMs: 600_000 };

/** Why the image cannot be built and run here; undefined where it can. Its base comes from the mirrors of Debian. */
export function reasonNotToBuild(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'only root on Linux can build the image';
  const missing = [findTool('buildah') === undefined && 'buildah', !existsSync(BASE_TAR) && BASE_TAR];
  const names = missing.filter((name) => name !== false);
  if (names.length > 0) return `not found: ${names.join(', ')}; run scripts/install-test-tools.sh`;
  const { status } = spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']);
  return status === 0 ? undefined : 'root may not make namespaces here';
}

/** Starts with an empty storage that has the base. */
export async function createImageBuilder(): Promise<ImageBuilder> {
  const directory = mkdtempSync(join(tmpdir(), 'cip-image-'));
  const storage = [`--root=${directory}/root`, `--runroot=${directory}/run`, '--storage-driver=overlay'];
  const buildah = async (...args: readonly string[]) =>
    (await runTool('buildah', [...storage, ...args], LIMIT)).stdout.trim();
  await makeBase(buildah, join(directory, 'base'));
  return {
    build: async (name, { target, cached = false }) => {
      const args = Object.entries(BUILD_ARGS).map(([key, value]) => `--build-arg=${key}=${value}`);
      const isolation = ['--isolation=chroot', '--network=host', '--pull-never', ...npmCache()];
      const mode = ['--layers', `--no-cache=${!cached}`, `--timestamp=${EPOCH}`, `--target=${target}`];
      await buildah('build', ...isolation, ...mode, ...args, `--tag=${name}`, repositoryRoot());
    },
    readImage: async (name) => {
      const layout = join(directory, `layout-${name}`);
      await buildah('push', '--quiet', '--disable-compression', name, `oci:${layout}:${name}`);
      return readLayout(layout);
    },
    mount: async (name) => buildah('mount', await buildah('from', '--pull-never', name)),
    push: async (name, reference) =>
      void (await buildah('push', '--quiet', '--tls-verify=false', name, `docker://${reference}`)),
    close: async () => {
      await buildah('rm', '--all'); // unmounts
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An image with what the official one has: Debian, node and npm. */
async function makeBase(buildah: (...args: readonly string[]) => Promise<string>, tree: string) {
  mkdirSync(tree);
  execFileSync('tar', ['--extract', '--file', BASE_TAR, '--directory', tree]);
  cpSync(process.execPath, join(tree, 'usr/local/bin/node'));
  cpSync(npmDirectory(), join(tree, 'usr/local/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(tree, 'usr/local/bin/npm'));
  if (existsSync(CAS)) cpSync(CAS, join(tree, CAS)); // the machine's own authorities sign its mirrors
  const container = await buildah('from', 'scratch');
  await buildah('add', '--quiet', container, tree, '/');
  const paths = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  await buildah('config', `--env=PATH=${paths}`, `--env=NODE_EXTRA_CA_CERTS=${CAS}`, container);
  await buildah('commit', '--quiet', '--rm', container, BASE);
  rmSync(tree, { recursive: true });
}

/** What npm has fetched before is not fetched again. */
function npmCache(): string[] {
  const cache = join(homedir(), '.npm');
  return existsSync(cache) ? [`--volume=${cache}:/root/.npm`] : [];
}

/** The npm of this machine's node. */
function npmDirectory(): string {
  const above = join(dirname(process.execPath), '..');
  const found = [join(above, 'lib/node_modules/npm'), join(above, 'share/nodejs/npm')].find(existsSync);
  if (found === undefined) throw new Error(`no npm beside ${process.execPath}`);
  return found;
}

function readLayout(layout: string): BuiltImage {
  const read = (path: string) => JSON.parse(readFileSync(join(layout, path), 'utf8'));
  const blob = (digest: string) => `blobs/${digest.replace(':', '/')}`;
  const [{ digest }] = read('index.json').manifests;
  const manifest: { config: { digest: string }; layers: { digest: string }[] } = read(blob(digest));
  const layers = manifest.layers.map((layer) => ({
    digest: layer.digest,
    ...listLayer(join(layout, blob(layer.digest))),
  }));
  return { digest, config: read(blob(manifest.config.digest)), layers };
}

function listLayer(file: string): Pick<Layer, 'paths' | 'size'> {
  const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  const lines = execFileSync('tar', ['--list', '--verbose', '--file', file], options).split('\n');
  const entries = lines
    .filter((line) => line !== '' && !line.startsWith('d'))
    .map((line) => {
      const [, , size = '0', , , ...path] = line.split(/ +/);
      return { size: Number(size), path: path.join(' ').replace(/ (?:->|link to) .*$/, '') };
    });
  return {
    paths: entries.map(({ path }) => path),
    size: entries.reduce((sum, { size }) => sum + size, 0),
  };
}
