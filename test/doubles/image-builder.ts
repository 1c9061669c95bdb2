import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import { findTool, repositoryRoot, runTool } from './tools.ts';

/** Builds the image of the Dockerfile on a base that is made from this machine's Node. Only root may. */
export interface ImageBuilder {
  /** Builds a target, with nothing from a cache unless `cached`. */
  build(name: string, options: BuildOptions): Promise<void>;
  /** Writes an image as an OCI layout and resolves to its content. */
  readImage(name: string): Promise<BuiltImage>;
  /** Mounts the root file system of an image and resolves to its path. */
  mount(name: string): Promise<string>;
  /** Pushes to a registry on the loopback device. */
  push(name: string, reference: string): Promise<void>;
  /** Pushes an index of images. */
  pushIndex(names: readonly string[], reference: string): Promise<void>;
  close(): Promise<void>;
}

export interface BuildOptions {
  readonly target: string;
  readonly cached?: boolean;
  /** Default: `native`. */
  readonly architecture?: Architecture;
  /** A directory in place of the stage `build`, which is the same on every platform. */
  readonly app?: string;
}

/** That of this machine, or one that is emulated. */
export type Architecture = 'native' | 'arm64';

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

const BASE_TARS: Readonly<Record<Architecture, string>> = {
  native: join(repositoryRoot(), '.tools/image-base.tar'),
  arm64: join(repositoryRoot(), '.tools/image-base-arm64.tar'),
};
/** The arguments of every build; the time is `2026-01-01T00:00:00Z`. */
export const BUILD_ARGS = {
  VERSION: '5.0.0',
  REVISION: '0123456789abcdef0123456789abcdef01234567',
  CREATED: '2026-01-01T00:00:00Z',
} as const;
const EPOCH = Date.parse(BUILD_ARGS.CREATED) / 1000;
const CAS = '/etc/ssl/certs/ca-certificates.crt';
const LIMIT = { timeoutMs: 600_000 };

/** Why the image cannot be built and run here; undefined where it can. Its base comes from the mirrors of Debian. */
export function reasonNotToBuild(architectures: readonly Architecture[] = ['native']): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'only root on Linux can build the image';
  const missing = architectures.map((name) => BASE_TARS[name]).filter((base) => !existsSync(base));
  if (findTool('buildah') === undefined) missing.push('buildah');
  if (missing.length > 0) return `not found: ${missing.join(', ')}; run scripts/install-test-tools.sh`;
  const { status } = spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']);
  return status === 0 ? undefined : 'root may not make namespaces here';
}

/** Starts with an empty storage that has the bases. `within` leads into a namespace, for `nsenter`. */
export async function createImageBuilder({
  within,
  architectures = ['native'],
}: {
  readonly within?: readonly string[];
  readonly architectures?: readonly Architecture[];
} = {}): Promise<ImageBuilder> {
  const directory = mkdtempSync(join(tmpdir(), 'cip-image-'));
  const storage = [`--root=${directory}/root`, `--runroot=${directory}/run`, '--storage-driver=overlay'];
  const buildah = async (...args: readonly string[]) => {
    const command = [...storage, ...args];
    const run =
      within === undefined
        ? runTool('buildah', command, LIMIT)
        : runTool('nsenter', [...within, 'buildah', ...command], LIMIT);
    return (await run).stdout.trim();
  };
  for (const name of architectures) await makeBase(buildah, { tree: join(directory, 'base'), name });
  return {
    build: async (name, { target, cached = false, architecture = 'native', app }) => {
      const given = { NODE_IMAGE: baseOf(architecture), ...BUILD_ARGS };
      const args = Object.entries(given).map(([key, value]) => `--build-arg=${key}=${value}`);
      if (app !== undefined) args.push(`--build-context=build=${app}`);
      const isolation = ['--isolation=chroot', '--network=host', '--pull-never', ...npmCache()];
      const mode = ['--layers', `--no-cache=${!cached}`, `--timestamp=${EPOCH}`, `--target=${target}`];
      if (architecture !== 'native') args.push(`--platform=linux/${architecture}`);
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
    pushIndex: async (names, reference) => {
      await buildah('manifest', 'create', 'index');
      for (const name of names) await buildah('manifest', 'add', 'index', name);
      const mode = ['--all', '--quiet', '--format=oci', '--tls-verify=false'];
      await buildah('manifest', 'push', ...mode, 'index', `docker://${reference}`);
    },
    close: async () => {
      await buildah('rm', '--all'); // unmounts
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function baseOf(architecture: Architecture): string {
  return `localhost/base-${architecture}:latest`;
}

/** An image with what the official one has: Debian, node and, where JavaScript is built, npm. */
async function makeBase(
  buildah: (...args: readonly string[]) => Promise<string>,
  { tree, name }: { readonly tree: string; readonly name: Architecture },
) {
  mkdirSync(tree);
  // no namespace of a user may make devices
  execFileSync('tar', ['--extract', '--file', BASE_TARS[name], '--directory', tree, '--exclude=./dev/*']);
  if (name === 'native') {
    cpSync(process.execPath, join(tree, 'usr/local/bin/node'));
    cpSync(npmDirectory(), join(tree, 'usr/local/lib/node_modules/npm'), { recursive: true });
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(tree, 'usr/local/bin/npm'));
  }
  if (existsSync(CAS)) cpSync(CAS, join(tree, CAS)); // the machine's own authorities sign its mirrors
  const container = await buildah('from', 'scratch');
  await buildah('add', '--quiet', container, tree, '/');
  const paths = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const config = [`--env=PATH=${paths}`, `--env=NODE_EXTRA_CA_CERTS=${CAS}`];
  if (name !== 'native') config.push(`--arch=${name}`);
  await buildah('config', ...config, container);
  await buildah('commit', '--quiet', '--rm', container, baseOf(name));
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
