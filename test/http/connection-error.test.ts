import { expect, it } from 'vitest';
import { asConnectionError } from '../../src/http/connection-error.ts';
import { quiet, repositoryAt } from '../adapters/oci/client.ts';

it('says what to do when the process has no more files for connections, which may pass', () => {
  const url = new URL('https://registry.test/v2/app/manifests/v1');
  const repository = repositoryAt({ host: url.host }, 'app');
  const thrown = Object.assign(new Error('connect EMFILE 192.0.2.1:443'), { code: 'EMFILE' });
  const request = {
    method: 'GET',
    url,
    host: url.host,
    repository,
    headers: {},
    scopes: [],
    signal: quiet(),
  } as const;
  const error = asConnectionError(request, thrown, url.origin);
  expect(error).toMatchObject({ code: 'unreachable', temporary: true });
  expect(error.message).toBe(
    `GET ${url.href}: EMFILE: connect EMFILE 192.0.2.1:443; allow more open files (ulimit -n), or lower -threads`,
  );
});
