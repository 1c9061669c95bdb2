import { setFlagsFromString } from 'node:v8';

// V8 compiles a function again for speed once it has run for long. Most runs are too short to gain from that: eight times the
// default takes a fifth off the CPU time of 4,000 HEAD requests, and long runs take as long as before.
setFlagsFromString('--interrupt-budget=540672');
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
