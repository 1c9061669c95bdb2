import { withRateLimits } from '../../../src/adapters/oci/with-rate-limits.ts';
import { withRetry } from '../../../src/adapters/oci/retry.ts';
import { DEFAULT_RETRY } from '../../../src/base/attempts.ts';
import { DEFAULT_BUDGETS } from '../../../src/adapters/oci/budget.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { VirtualClock } from '../../doubles/virtual-clock.ts';
import { parseRepository } from '../../../src/image/repository.ts';
import { ANONYMOUS } from '../../../src/ports/keychain.ts';

export type Verdict = 'ok' | { status: number; after?: number } | 'reset' | 'refused';
export interface Model { (now: number, inFlight: number, rnd: () => number): Verdict }
function rng(seed: number) { let s = seed; return () => { s = (s * 48271) % 2147483647; return s / 2147483647; }; }

export const chance = (p: number, after?: number, status = 429): Model => (_n, _f, r) => r() < p ? { status, after } : 'ok';
export const bucket = (rate: number, burst = rate, after?: number, status=429): Model => {
  let tokens = burst, last = -1;
  return (now) => { if (last < 0) last = now; tokens = Math.min(burst, tokens + (now - last) * rate / 1000); last = now; if (tokens >= 1) { tokens -= 1; return 'ok'; } return { status, after }; };
};
export const window_ = (n: number, ms: number, after?: 'left' | number, offset = 17000): Model => {
  let w = -1, used = 0;
  return (now) => { const k = Math.floor((now + offset) / ms); if (k !== w) { w = k; used = 0; } if (used < n) { used++; return 'ok'; } return { status: 429, after: after === 'left' ? Math.ceil(((k + 1) * ms - offset - now)/1000) : after }; };
};
export const conns = (n: number, status?: number): Model => (_now, inFlight) => inFlight > n ? (status ? { status } : 'reset') : 'ok';
export const outage = (from: number, to: number, v: Verdict = 'refused'): Model => (now) => now >= from && now < to ? v : 'ok';
export const all = (...ms: Model[]): Model => (n, f, r) => { for (const m of ms) { const v = m(n, f, r); if (v !== 'ok') return v; } return 'ok'; };

export interface Host { send: any; log: { at: number; ok: boolean; who: string }[]; clock: VirtualClock }
export function host(clock: VirtualClock, model: Model, latency = 20, seed = 7) {
  const rnd = rng(seed); let inFlight = 0; const t0 = clock.monotonic();
  const log: { at: number; ok: boolean; who: string; v: any }[] = [];
  const sendAs = (who: string) => async (request: any) => {
    inFlight += 1;
    try {
      const v = model(clock.monotonic() - t0, inFlight, rnd);
      const quick = v === 'reset' || v === 'refused';
      await clock.sleep(quick ? 1 : latency * (0.7 + 0.6 * rnd()), request.signal);
      log.push({ at: clock.monotonic() - t0, ok: v === 'ok', who, v });
      if (v === 'reset' || v === 'refused') throw new RegistryError('unreachable', 'reset', { temporary: true });
      if (v === 'ok') return { status: 200, headers: {}, url: request.url, body: new Uint8Array() };
      return { status: v.status, headers: v.after === undefined ? {} : { 'retry-after': String(v.after) }, url: request.url, body: new Uint8Array() };
    } finally { inFlight -= 1; }
  };
  return { sendAs, log };
}
export function client(clock: VirtualClock, inner: any, perHost = 32) {
  const keychain = { identityFor: () => Promise.resolve(ANONYMOUS) };
  const limited = withRateLimits(inner, { threads: 50, perHost, budgets: DEFAULT_BUDGETS, clock, keychain });
  return withRetry(limited, { clock, policy: DEFAULT_RETRY, onRetry: () => {} });
}
const signal = new AbortController().signal;
export function request(n: number, method = 'GET') {
  return { method, url: new URL('https://h.test/v2/' + n), host: 'h.test', repository: parseRepository('h.test/app')!, headers: {}, scopes: [], signal } as any;
}
/** workers until n requests done or time over */
export async function load(clock: VirtualClock, send: any, { n = Infinity, ms = Infinity, workers = 50, think = 0, writes = 0, delay = 0 }: any) {
  const end = clock.monotonic() + ms; let i = 0, failed = 0, done = 0; const r = rng(3);
  if (delay) await clock.sleep(delay, signal);
  await Promise.all(Array.from({ length: workers }, async () => {
    while (i < n && clock.monotonic() < end) {
      i++;
      try { const res = await send(request(i, r() < writes ? 'PUT' : 'GET')); if (res.status >= 400) failed++; else done++; } catch { failed++; }
      if (think) await clock.sleep(think * r() * 2, signal);
    }
  }));
  return { done, failed };
}
export function stats(log: any[], from: number, to: number, who?: string) {
  const part = log.filter((l) => l.at >= from && l.at < to && (!who || l.who === who));
  const ok = part.filter((l) => l.ok).length;
  return { ok, rate: ok * 1000 / (to - from), refused: part.length ? (part.length - ok) / part.length : 0, bad: part.length - ok };
}
export { VirtualClock };
