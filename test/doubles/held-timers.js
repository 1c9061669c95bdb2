// Loaded into a program before it starts (`node --import`): its time limits never pass by themselves, however busy the
// machine is. All that run pass at SIGUSR2. Short timers and `node:timers/promises`, which paces retries, are real.

const HELD_FROM = 1000;
const NEVER = 2 ** 31 - 1;
const { setTimeout: start, clearTimeout: stop } = globalThis;
const held = new Map();

globalThis.setTimeout = Object.assign((act, milliseconds, ...args) => {
  if (!(milliseconds >= HELD_FROM)) return start(act, milliseconds, ...args);
  const timer = start(act, NEVER, ...args); // a real one, so that it keeps the process alive as it would
  held.set(timer, () => act(...args));
  return timer;
}, start);

globalThis.clearTimeout = (timer) => {
  held.delete(timer);
  stop(timer);
};

process.on('SIGUSR2', () => {
  for (const [timer, act] of Array.from(held)) {
    globalThis.clearTimeout(timer);
    act();
  }
});
