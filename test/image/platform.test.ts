import { expect, it } from 'vitest';
import { formatPlatform } from '../../src/image/platform.ts';

it.each([
  [{ os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
  [{ os: 'linux', architecture: 'arm', variant: 'v7' }, 'linux/arm/v7'],
  [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, 'linux/arm64'],
  [{ os: 'linux', architecture: 'amd64', variant: 'v1' }, 'linux/amd64'],
  [{ os: 'linux', architecture: 'amd64', variant: 'v3' }, 'linux/amd64/v3'],
  [{ os: 'windows', architecture: 'amd64', 'os.version': '10.0.1' }, 'windows/amd64/10.0.1'],
  [{ os: 'linux' }, undefined],
  [{ os: '', architecture: 'amd64' }, undefined],
  [{ os: 7, architecture: 'amd64' }, undefined],
  [{}, undefined],
])('the platform %j is %s', (fields, name) => {
  expect(formatPlatform(fields)).toBe(name);
});
