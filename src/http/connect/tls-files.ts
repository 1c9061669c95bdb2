import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import type { NetworkOptions } from './network-options.ts';

/**
 * - `unreadable`      a named file cannot be read
 * - `no-certificate`  the file has no certificate in PEM
 * - `bad-certificate` a certificate cannot be parsed
 * - `no-pair`         a client certificate without its key, a key without its certificate, or more than one of them
 * - `bad-key`         a key that cannot be read or belongs to another certificate
 */
export type TlsFileErrorCode = 'unreadable' | 'no-certificate' | 'bad-certificate' | 'no-pair' | 'bad-key';

/** An unusable certificate file. The message names it. */
export class TlsFileError extends CodedError<TlsFileErrorCode> {}

/** A client certificate and its key, in PEM, and the names of their files. */
export interface ClientPair {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

export interface HostFiles {
  /** Authorities to trust for this host, one PEM block each. */
  readonly cas: readonly string[];
  readonly client: ClientPair | undefined;
}

/**
 * The authorities that are trusted for every host in addition to node's own: those of the system (or of `SSL_CERT_FILE`
 * and `SSL_CERT_DIR`, if set), those of `NODE_EXTRA_CA_CERTS`, and the user's files.
 *
 * Throws `TlsFileError` for an unusable file that the user named.
 */
export async function readCommonCas(options: NetworkOptions): Promise<readonly string[]> {
  const { caFiles, env, systemBundles } = options;
  const file = env['SSL_CERT_FILE'];
  const nodes = env['NODE_EXTRA_CA_CERTS'];
  const groups = [
    ...(file ? [readCas(file, 'SSL_CERT_FILE')] : [readFirst(systemBundles)]),
    ...(env['SSL_CERT_DIR'] ?? '').split(':').filter(Boolean).map(readDirectoryOfCas),
    ...(nodes ? [readFirst([nodes])] : []), // node itself has warned of one that it cannot read
    ...caFiles.map((caFile) => readCas(caFile, CA_FILE)),
  ];
  return (await Promise.all(groups)).flat();
}

/**
 * Throws `TlsFileError` for an unusable file of authorities that the user named. The file of `SSL_CERT_FILE` is usually
 * the bundle of a system, which takes 40 ms to parse, so the first connection parses it.
 */
export async function checkCaFiles({ caFiles, env }: Pick<NetworkOptions, 'caFiles' | 'env'>): Promise<void> {
  const file = env['SSL_CERT_FILE'];
  if (file) await readBlocks(file, 'SSL_CERT_FILE');
  for (const caFile of caFiles) await readCas(caFile, CA_FILE);
}

const CA_FILE = '-ca-file';

/**
 * The files in the directories of a host: `*.crt` are authorities, `*.cert` with the `*.key` of the same name is the
 * client certificate. The authorities of all directories count, and the client certificate of the first that has one.
 *
 * @see https://docs.docker.com/engine/security/certificates/
 */
export async function readHostFiles(directories: readonly string[], host: string): Promise<HostFiles> {
  const places = directories.flatMap((directory) => namesOf(host).map((name) => join(directory, name)));
  const found = await Promise.all(places.map(readPlace));
  return {
    cas: found.flatMap(({ cas }) => cas),
    client: found.find(({ client }) => client !== undefined)?.client,
  };
}

/** True if a host has its own directory, even an empty one. */
export function hasHostDirectory(directories: readonly string[], host: string): boolean {
  return directories.some((directory) => namesOf(host).some((name) => existsSync(join(directory, name))));
}

/** The directory of a host has the name that users write. */
function namesOf(host: string): readonly string[] {
  if (!/^[\w[]/.test(host)) return []; // a directory above is no host
  const hub = host === 'registry-1.docker.io' ? ['docker.io'] : [];
  return [host, ...(/:\d+$/.test(host) ? [] : [`${host}:443`]), ...hub];
}

async function readPlace(directory: string): Promise<HostFiles> {
  const names = await namesIn(directory);
  const ending = (end: string) => names.filter((name) => name.endsWith(end));
  const cas = await Promise.all(ending('.crt').map((name) => readCas(join(directory, name), 'certs.d')));
  const client = await readPair(directory, { certs: ending('.cert'), keys: ending('.key') });
  return { cas: cas.flat(), client };
}

/** Sorted; empty for a directory that does not exist or cannot be read. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch {
    return [];
  }
}

async function readPair(
  directory: string,
  { certs, keys }: { readonly certs: readonly string[]; readonly keys: readonly string[] },
): Promise<ClientPair | undefined> {
  const [certName, ...others] = certs;
  const alone = keys.find((key) => !certs.includes(key.replace(/key$/, 'cert')));
  if (alone !== undefined) {
    throw new TlsFileError(
      'no-pair',
      `${quote(join(directory, alone))} has no certificate: expected ${quote(alone.replace(/key$/, 'cert'))} beside it`,
    );
  }
  if (certName === undefined) return undefined;
  const certFile = join(directory, certName);
  if (others.length > 0) {
    throw new TlsFileError(
      'no-pair',
      `${quote(directory)}: expected one client certificate, got ${certs.join(', ')}`,
    );
  }
  const keyName = certName.replace(/cert$/, 'key');
  if (!keys.includes(keyName)) {
    throw new TlsFileError(
      'no-pair',
      `${quote(certFile)} has no key: expected ${quote(keyName)} beside it (authorities end in .crt)`,
    );
  }
  const keyFile = join(directory, keyName);
  const cert = (await readCas(certFile, 'certs.d')).join('\n');
  return { certFile, keyFile, cert, key: await read(keyFile, 'certs.d') };
}

/** The certificates of a named file; `where` is the flag or variable that names it. */
async function readCas(file: string, where: string): Promise<readonly string[]> {
  const blocks = await readBlocks(file, where);
  for (const block of blocks) parseCertificate(block, `${where}: ${quote(file)}`);
  return blocks;
}

async function readBlocks(file: string, where: string): Promise<readonly string[]> {
  const blocks = blocksOf(await read(file, where));
  if (blocks.length === 0) {
    throw new TlsFileError(
      'no-certificate',
      `${where}: ${quote(file)} has no certificate: expected PEM, which begins -----BEGIN CERTIFICATE-----`,
    );
  }
  return blocks;
}

async function read(file: string, where: string): Promise<string> {
  try {
    return await readFile(file, 'latin1'); // bytes that are no text stand in comments only
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
    throw new TlsFileError('unreadable', `${where}: ${quote(file)} cannot be read: ${code}`, { cause });
  }
}

function parseCertificate(pem: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new TlsFileError('bad-certificate', `${where} has a certificate that cannot be parsed`, { cause });
  }
}

/** The user has not named these files, so missing and invalid files are skipped. */
async function readFirst(files: readonly string[]): Promise<readonly string[]> {
  for (const file of files) {
    const text = await readFile(file, 'latin1').catch(() => undefined);
    if (text !== undefined) return blocksOf(text);
  }
  return [];
}

async function readDirectoryOfCas(directory: string): Promise<readonly string[]> {
  const names = (await namesIn(directory)).filter((name) => /\.(?:crt|pem|cer)$/.test(name));
  return (await Promise.all(names.map((name) => readFirst([join(directory, name)])))).flat();
}

function blocksOf(text: string): readonly string[] {
  const [, ...rests] = text.split(BEGIN);
  return rests.flatMap((rest) => {
    const end = rest.indexOf('-');
    return end > 0 && rest.startsWith(END, end) ? [`${BEGIN}${rest.slice(0, end)}${END}`] : [];
  });
}

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';
