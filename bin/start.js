import { setFlagsFromString } from 'node:v8';

// undici parses HTTP in WebAssembly. V8 would compile that code a second time, which takes 0.13 s of a thread and saves 5 us
// per response: it pays off after 26,000 responses.
setFlagsFromString('--liftoff-only');
// a quarter of the default: V8 inlines less and compiles faster, and most runs are too short to gain from more
setFlagsFromString('--max-inlined-bytecode-size-cumulative=230');

/**
 * Runs a program of this package, with words before its arguments, and ends the process. Without a build, one line says
 * how to make it.
 */
export async function start(program, words = []) {
  const { main } = await import('../dist/cip.js').catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(`${program}: not built yet: run "npm ci" first`);
    process.exit(2);
  });
  // everything has been written by now; to leave it to node costs 100 ms, in which it waits for its compiler threads
  process.exit(await main(program, [...words, ...process.argv.slice(2)]));
}
