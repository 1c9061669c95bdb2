import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../src/base/single-flight.ts';

describe('a single flight', () => {
  it('does the work of a key once, however many ask for it and whenever', async () => {
    const flights = new SingleFlight<string, number>();
    let runs = 0;
    const work = async () => {
      runs += 1;
      return runs;
    };
    const together = await Promise.all([flights.run('a', work), flights.run('a', work)]);
    expect([...together, await flights.run('a', work), await flights.run('b', work)]).toEqual([1, 1, 1, 2]);
  });

  it('fails for all who wait and forgets the failure', async () => {
    const flights = new SingleFlight<string, string>();
    const fail = async () => {
      throw new Error('no');
    };
    const waiting = [flights.run('a', fail), flights.run('a', async () => 'unused')];
    const results = await Promise.allSettled(waiting);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await flights.run('a', async () => 'again')).toBe('again');
  });

  it('does its own work after a failure of somebody else, where that is asked for', async () => {
    const flights = new SingleFlight<string, string>();
    const fail = async () => {
      throw new Error('no');
    };
    const other = flights.run('a', fail);
    const own = flights.runAfter('a', async () => 'own');
    await expect(other).rejects.toThrow('no');
    expect(await own).toBe('own');
    expect(await flights.runAfter('a', fail)).toBe('own');
  });

  it('does the work again once it is forgotten', async () => {
    const flights = new SingleFlight<string, string>();
    await flights.run('a', async () => 'old');
    flights.forget('a');
    expect(flights.get('a')).toBeUndefined();
    expect(await flights.run('a', async () => 'new')).toBe('new');
  });

  it('keeps what came after a forgotten flight when that one fails late', async () => {
    const flights = new SingleFlight<string, string>();
    let fail = (_error: Error) => {};
    const late = new Promise<string>((_resolve, reject) => {
      fail = reject;
    });
    const old = flights.run('a', () => late);
    flights.forget('a');
    await flights.run('a', async () => 'new');
    fail(new Error('no'));
    await expect(old).rejects.toThrow('no');
    expect(await flights.get('a')).toBe('new');
  });
});
