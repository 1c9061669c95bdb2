import { type Digest, digestOf } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';

/** One of the equal parts that a promotion is divided into, so that each can run on a machine of its own. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  /** Number of shards, from 1. */
  readonly count: number;
}

/** Identifies a shard: shards with the same `input` and `count` make a whole. */
export interface ShardIdentity extends Shard {
  /** Changes with everything that is wanted, in this shard and in the others. */
  readonly input: Digest;
}

/** Hex digits of the hash that count: 48 bits are exact in a number, and far more than any count of shards. */
const HEX_DIGITS = 12;

/**
 * The shard of a destination repository: its sha256, modulo the count. Never to be changed: shards of one run may be
 * of different versions, and two that disagree would leave a repository out.
 */
export function shardIndexOf(repository: Repository, count: number): number {
  const [, hex = ''] = digestOf(Buffer.from(repository)).split(':');
  return Number.parseInt(hex.slice(0, HEX_DIGITS), 16) % count;
}
