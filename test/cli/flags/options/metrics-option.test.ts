import { expect, it } from 'vitest';
import { metricsTargetOf } from '../../../../src/cli/flags/options/metrics-option.ts';

it.each([
  ['out.prom', { kind: 'file', path: 'out.prom' }],
  ['/var/lib/node_exporter/cip.prom', { kind: 'file', path: '/var/lib/node_exporter/cip.prom' }],
  ['./localhost:9100', { kind: 'file', path: './localhost:9100' }],
  ['/dev/stdout', { kind: 'file', path: '/dev/stdout' }],
  [':9100', { kind: 'address', host: '127.0.0.1', port: 9100 }],
  [':0', { kind: 'address', host: '127.0.0.1', port: 0 }],
  ['localhost:9100', { kind: 'address', host: 'localhost', port: 9100 }],
  ['0.0.0.0:9100', { kind: 'address', host: '0.0.0.0', port: 9100 }],
  ['[::1]:9100', { kind: 'address', host: '::1', port: 9100 }],
])('-metrics=%s', (text, target) => {
  expect(metricsTargetOf(text)).toEqual(target);
});

it.each([
  ['-', /for stdout write \/dev\/stdout/],
  ['9100', /write :9100 for a port, or \.\/9100 for a file/],
  ['http://localhost:9100', /without a scheme/],
  [':65536', /65536 is no port/],
])('-metrics=%s is refused', (text, words) => {
  expect(() => metricsTargetOf(text)).toThrow(words);
});

it('no -metrics is no metrics', () => expect(metricsTargetOf(undefined)).toBeUndefined());
