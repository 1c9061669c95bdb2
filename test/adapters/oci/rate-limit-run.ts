import { all, bucket, chance, client, conns, host, load, outage, stats, VirtualClock, window_, type Model } from './rate-limit-sim.ts';
const pct = (x: number) => (x * 100).toFixed(2) + '%';
const only = process.argv[2];
async function section(name: string, run: () => Promise<void>) { if (!only || name.includes(only)) { console.log('## ' + name); await run(); } }
async function finite(name: string, model: Model, n = 1500, opt: any = {}, latency = 20) {
  const clock = new VirtualClock(); const h = host(clock, model, latency, opt.seed); const t0 = clock.monotonic();
  const res = await clock.until(load(clock, client(clock, h.sendAs('a')), { n, ...opt }));
  const t = clock.monotonic() - t0; const s = stats(h.log, 0, t + 1);
  console.log(name.padEnd(42), `${(t / 1000).toFixed(1)} s`, `failed ${res.failed}`, `bad ${s.bad} ${pct(s.refused)}`);
}
async function steady(name: string, model: Model, cap: number, opt: any = {}, latency = 20, ms = 120_000) {
  const clock = new VirtualClock(); const h = host(clock, model, latency, opt.seed);
  await clock.until(load(clock, client(clock, h.sendAs('a')), { ms, ...opt }));
  const s0 = stats(h.log, 0, 30_000), s = stats(h.log, 30_000, ms);
  const tl = Array.from({ length: 12 }, (_, i) => Math.round(stats(h.log, i * ms / 12, (i + 1) * ms / 12).rate)).join(' ');
  console.log(name.padEnd(42), `0-30: ${pct(s0.rate / cap)} used ${pct(s0.refused)} ref | after: ${pct(s.rate / cap)} used, ${pct(s.refused)} refused | ${tl}`);
}
await section('chance', async () => {
  for (const p of [0, 0.01, 0.02, 0.05, 0.12, 0.2, 0.3]) for (const after of [1, undefined]) for (const seed of [7, 8]) await finite(`chance ${p} after ${after}`, chance(p, after), 1500, { seed });
  for (const p of [0.02, 0.12]) await finite(`chance ${p} 150 ms latency`, chance(p, 1), 1500, {}, 150);
  for (const p of [0.02, 0.12]) await finite(`chance ${p} think 200ms, 5 workers`, chance(p, 1), 500, { workers: 5, think: 200 });
  for (const p of [0.02, 0.12]) await finite(`chance ${p} 1 worker`, chance(p, 1), 300, { workers: 1 });
  for (const p of [0.02, 0.12]) await finite(`chance ${p} 20000 reqs`, chance(p, 1), 20000, {});
  for (const p of [0.02, 0.12]) await finite(`chance 503 ${p} 5000 reqs`, chance(p, undefined, 503), 5000, {});
});
await section('bucket', async () => {
  for (const rate of [3, 10, 30, 100, 300, 1000]) for (const after of [1, undefined]) for (const burst of [rate, 1, rate * 5]) await steady(`bucket ${rate}/s burst ${burst} after ${after}`, bucket(rate, burst, after), rate);
  for (const rate of [1000]) for (const lat of [5, 30, 50, 100]) await steady(`bucket ${rate}/s lat ${lat}`, bucket(rate, rate), Math.min(rate, 32000/lat), {}, lat);
  for (const rate of [10, 100]) await steady(`bucket ${rate}/s think`, bucket(rate, rate), rate, { workers: 50, think: 300 });
  for (const rate of [10, 100]) await steady(`bucket 503 ${rate}/s`, bucket(rate, rate, undefined, 503), rate, { workers: 50, think: 300 });
  for (const rate of [10, 100]) await steady(`bucket ${rate}/s + chance 5%`, all(chance(0.05, 1), bucket(rate, rate)), rate, {});
  for (const rate of [100]) await steady(`bucket ${rate}/s + writes .5`, bucket(rate, rate), rate, { writes: 0.5 });
});
await section('window', async () => {
  for (const after of ['left', 1, undefined] as const) for (const off of [0, 17000, 40000]) await steady(`5000/min after ${after} offset ${off}`, window_(5000, 60000, after, off), 5000 / 60, {}, 20, 360_000);
  await steady(`60/min`, window_(60, 60000, undefined, 17000), 1, {}, 20, 360_000);
  await steady(`100/s windows`, window_(100, 1000, undefined, 0), 100, {}, 20, 120_000);
  await steady(`1000/10s windows`, window_(1000, 10000, undefined, 0), 100, {}, 20, 120_000);
});
await section('two', async () => {
  for (const rate of [10, 100, 1000]) for (const delay of [0, 5000, 40000]) {
    const clock = new VirtualClock(); const h = host(clock, bucket(rate, rate, 1), 20); const ms = 120_000 + delay;
    await clock.until(Promise.all([load(clock, client(clock, h.sendAs('a')), { ms }), load(clock, client(clock, h.sendAs('b')), { ms: ms , delay })]));
    const tl = (w: string) => Array.from({ length: 12 }, (_, i) => Math.round(stats(h.log, delay + i * 10000, delay + (i + 1) * 10000, w).rate)).join(' ');
    const a = stats(h.log, delay, ms, 'a'), b = stats(h.log, delay, ms, 'b');
    console.log(`two ${rate} delay ${delay}`.padEnd(42), `share a ${pct(a.ok / (a.ok + b.ok))} total ${pct((a.rate + b.rate) / rate)} refused ${pct(stats(h.log, delay+30000, ms).refused)}\n   a ${tl('a')}\n   b ${tl('b')}`);
  }
});
await section('conns', async () => {
  for (const n of [1, 2, 4, 10, 28]) for (const N of [1000, 10000]) await finite(`conns ${n} reqs ${N}`, conns(n), N);
  await finite(`conns 4 as 429`, conns(4, 429), 2000);
  await finite(`conns 4 as 503`, conns(4, 503), 2000);
  for (const p of [0.01, 0.05, 0.12]) await finite(`random resets ${p}`, (_n, _f, r) => r() < p ? 'reset' : 'ok', 3000);
  for (const p of [0.01, 0.05, 0.12]) await finite(`random resets ${p} 150 ms`, (_n, _f, r) => r() < p ? 'reset' : 'ok', 3000, {}, 150);
});
await section('outage', async () => {
  for (const v of ['refused', { status: 503 }, { status: 503, after: 1 }, { status: 502 }] as const) for (const seed of [1, 2, 3]) {
    const clock = new VirtualClock(); const h = host(clock, outage(20000, 45000, v), 20, seed);
    const r = await clock.until(load(clock, client(clock, h.sendAs('a')), { ms: 70000 }));
    const tl = Array.from({ length: 14 }, (_, i) => Math.round(stats(h.log, i * 5000, (i + 1) * 5000).rate)).join(' ');
    console.log(`outage ${JSON.stringify(v)}`.padEnd(42), `failed ${r.failed} | ${tl} | bad ${stats(h.log, 20000, 45000).bad}`);
  }
});
