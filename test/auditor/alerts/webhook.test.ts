import { expect, it } from 'vitest';
import { AlertWebhook } from '../../../src/auditor/alerts/webhook.ts';
import { gate } from '../gate.ts';

const { signal } = new AbortController();

function webhook(answer: (text: string) => Promise<Response>) {
  const failures: string[] = [];
  const fetch: typeof globalThis.fetch = async (_url, init) =>
    await answer(typeof init?.body === 'string' ? init.body : '');
  const sender = new AlertWebhook({
    url: 'https://hooks.example.com/x',
    fetch,
    signal,
    onFailure: (reason) => failures.push(reason),
  });
  return { sender, failures };
}

it('sends alerts one after the other, as JSON with a text', async () => {
  const bodies: string[] = [];
  const { sender, failures } = webhook(async (body) => {
    bodies.push(body);
    return new Response('ok');
  });
  sender.send('first');
  sender.send('second "quoted"');
  sender.send('<!channel> & others');
  await sender.drained();
  const texts = ['first', 'second "quoted"', '&lt;!channel&gt; &amp; others'];
  expect(bodies.map((body) => JSON.parse(body))).toEqual(texts.map((text) => ({ text })));
  expect(failures).toEqual([]);
});

it('tells failures, and goes on', async () => {
  const answers = [
    async () => new Response('no', { status: 404 }),
    () => Promise.reject(new Error('ECONNREFUSED')),
  ];
  const { sender, failures } = webhook(
    async () => await (answers.shift() ?? (async () => new Response('ok')))(),
  );
  for (const text of ['a', 'b', 'c']) sender.send(text);
  await sender.drained();
  expect(failures).toEqual(['the webhook answered 404', 'ECONNREFUSED']);
});

it('drops alerts where too many wait', async () => {
  const opened = gate();
  const { sender, failures } = webhook(async () => {
    await opened.promise;
    return new Response('ok');
  });
  for (let one = 0; one < 150; one++) sender.send('x');
  opened.resolve();
  await sender.drained();
  expect(failures).toHaveLength(50);
});
