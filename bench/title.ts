import type { RealRegistry } from '../test/doubles/real-registries.ts';

/** What people call a registry, with its version. */
export function titleOf({ kind, version }: RealRegistry): string {
  const program = kind === 'crane' ? 'crane registry serve' : kind.replace(/-.*/, '');
  return `${program} ${version}`;
}
