import { describe, expect, it } from 'vitest';
import { auditServeOptionsOf } from '../../../../src/cli/flags/options/audit-serve-options.ts';
import { parseCommandLine } from '../../../../src/cli/flags/parse-command-line.ts';
import { UsageError } from '../../../../src/cli/flags/usage-error.ts';

function optionsOf(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return auditServeOptionsOf(parseCommandLine('cip', ['audit', 'serve', ...argv]).flags, env);
}

describe('the manifests', () => {
  it.each([
    [['-path=d'], {}, { kind: 'directory', path: 'd' }],
    [['-url=https://a/b'], {}, { kind: 'git', url: 'https://a/b', branch: 'main', path: '' }],
    [
      ['-url=https://a/b', '-branch=release/1.0', '-path=d'],
      {},
      { kind: 'git', url: 'https://a/b', branch: 'release/1.0', path: 'd' },
    ],
    [
      [
        '-audit-manifest-repo-url=https://a/b',
        '-audit-manifest-repo-branch=master',
        '-audit-manifest-path=d',
      ],
      {},
      { kind: 'git', url: 'https://a/b', branch: 'master', path: 'd' },
    ],
    [[], { CIP_AUDIT_MANIFEST_REPO_MANIFEST_DIR: 'd' }, { kind: 'directory', path: 'd' }],
    [['-path=e'], { CIP_AUDIT_MANIFEST_REPO_MANIFEST_DIR: 'd' }, { kind: 'directory', path: 'e' }],
  ])('of %j with %j', (argv, env, manifests) => {
    expect(optionsOf(['-no-auth', ...argv], env).manifests).toEqual(manifests);
  });
});

it('the port is that of the environment, or 8080', () => {
  expect(optionsOf(['-no-auth', '-path=d']).listen).toEqual({ port: 8080, host: undefined });
  expect(optionsOf(['-no-auth', '-path=d', '-host=::1'], { PORT: '9000' }).listen).toEqual({
    port: 9000,
    host: '::1',
  });
});

it('senders are authenticated in every configured way', () => {
  const argv = [
    '-path=d',
    '-oidc-audience=a',
    '-oidc-email=b@c.d',
    '-webhook-token-file=t',
    '-webhook-hmac-key-file=k',
  ];
  expect(optionsOf(argv).auth).toEqual({
    kind: 'any-of',
    oidc: { audience: 'a', emails: ['b@c.d'] },
    tokenFiles: ['t'],
    hmacKeyFiles: ['k'],
  });
});

it.each<[readonly string[], NodeJS.ProcessEnv, RegExp]>([
  [['-path=d'], {}, /senders are not authenticated/],
  [['-no-auth'], {}, /no manifests/],
  [['-no-auth', '-url=--upload-pack=x'], {}, /-url is the URL/],
  [['-no-auth', '-url=u', '-branch=-x'], {}, /-branch is the name/],
  [['-no-auth', '-path=d'], { PORT: 'http' }, /PORT is a port/],
  [['-no-auth', '-path=d'], { PORT: '70000' }, /PORT is a port/],
  [['-no-auth', '-path=d', '-fetch-interval=0'], {}, /-fetch-interval is a number from 1/],
  [['-no-auth', '-path=d', '-alert-webhook=file:///x'], {}, /-alert-webhook is an http/],
  [['-no-auth', '-path=d', '-oidc-audience=a', '-oidc-email=b@c.d'], {}, /contradicts/],
  [['-path=d', '-oidc-email=b@c.d'], {}, /go together/],
])('%j with %j is refused', (argv, env, message) => {
  expect(() => optionsOf(argv, env)).toThrow(UsageError);
  expect(() => optionsOf(argv, env)).toThrow(message);
});
