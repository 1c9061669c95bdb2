import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/**
 * V8 compiles a function once more, for speed, when it has run for long. Most runs are too short to gain from that: with
 * eight times the default, 4,000 HEAD requests take a fifth less CPU time. Node 24 and newer have another compiler between
 * the two and gain nothing. Node prints an error for a flag that it does not know.
 */
const LATE_OPTIMIZATION = { 20: '--interrupt-budget=540672', 22: '--invocation-count-for-turbofan=24000' };
const flag = LATE_OPTIMIZATION[process.versions.node.split('.')[0]];
if (flag !== undefined) setFlagsFromString(flag);

/**
 * Runs a program of this package, with words before its arguments, and ends the process. Without a build, one line says
 * how to make it.
 */
export async function start(program, words = []) {
  const { main } = loadOrExit(program);
  // everything has been written by now; to leave it to node costs 100 ms, in which it waits for its compiler threads
  process.exit(await main(program, [...words, ...process.argv.slice(2)]));
}

function loadOrExit(program) {
  try {
    return loadProgram(fileURLToPath(new URL('../dist', import.meta.url)));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    console.error(`${program}: not built yet: run "npm ci" first`);
    process.exit(2);
  }
}

/** The file of the code cache, which `scripts/code-cache.ts` writes for the Node that builds. */
const CODE_CACHE = `cip-${process.version}-${process.arch}.cache`;

/**
 * Loads the program from the directory of a build: its entry point `main` and its `vm.Script`. V8 compiles the text if the
 * code cache is missing or rejected. Throws `ENOENT` without a build.
 */
export function loadProgram(directory) {
  const file = join(directory, 'cip.cjs');
  const program = readFileSync(file);
  const text = program.toString('latin1'); // the build writes ASCII, and V8 reads one-byte text fastest
  const script = new Script(`(function (exports, require, module, __dirname) {${text}\n})`, {
    filename: 'dist/cip.cjs', // a constant: in stack traces, Node 20 prints the name from the code cache
    cachedData: readCodeCache(directory, program),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, directory);
  return { main: module.exports.main, script };
}

/**
 * Undefined without a code cache that belongs to this program and is whole: V8 compares the length of the program, not its
 * text, and damage in the cache crashes it.
 */
function readCodeCache(directory, program) {
  try {
    const file = readFileSync(join(directory, CODE_CACHE));
    const [data, checksum] = [file.subarray(0, -4), file.readUInt32LE(file.length - 4)];
    return checksum === crc32(data, crc32(program)) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Writes what V8 has compiled of a loaded program, and behind it, in 4 bytes, the CRC-32 of program and cache. */
export function writeCodeCache(directory, { script }) {
  const data = script.createCachedData();
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(data, crc32(readFileSync(join(directory, 'cip.cjs')))));
  writeFileSync(join(directory, CODE_CACHE), Buffer.concat([data, checksum]));
}
