import { quote } from '../../../base/text.ts';
import type { Shard } from '../../../edges/shard.ts';
import { UsageError } from '../usage-error.ts';

/** The values of the shard flags; undefined for a flag that is not given. */
export interface ShardFlags {
  readonly shard: string | undefined;
  readonly shardCount: string | undefined;
}

/** The index of a process in an Indexed Job of Kubernetes, and in a job of Cloud Run. */
const INDEX_VARIABLES = ['JOB_COMPLETION_INDEX', 'CLOUD_RUN_TASK_INDEX'] as const;
const COUNT_VARIABLE = 'CLOUD_RUN_TASK_COUNT';

/**
 * The shard of a run; undefined for all shards. `-shard` wins over the environment. Without it the index comes from the
 * environment, and the count from the environment or from `-shard-count`. Throws a `UsageError` for contradictions, and
 * for an index or a count without the other: a guess would leave out repositories.
 */
export function shardOf(flags: ShardFlags, env: NodeJS.ProcessEnv): Shard | undefined {
  return flags.shard === undefined ? shardOfEnvironment(flags, env) : shardOfFlag(flags.shard, flags);
}

/** A number, and its origin: `CLOUD_RUN_TASK_COUNT=3`. */
interface Given {
  readonly value: number;
  readonly spelling: string;
}

/** One half of a shard. */
interface Half {
  readonly says: string;
  readonly least: number;
}

const INDEX: Half = { says: 'which shard this is', least: 0 };
const COUNT: Half = { says: 'how many shards there are', least: 1 };
const MOST = 999_999;

/** Advice for a wrong environment variable, which a flag overrides. */
const INSTEAD = 'correct it, or give -shard=INDEX/COUNT, which wins over it';

function shardOfFlag(text: string, { shardCount }: ShardFlags): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  if (index === undefined || count === undefined) {
    throw new UsageError(`-shard is INDEX/COUNT, as in 0/3, 1/3 and 2/3, not ${quote(text)}`);
  }
  const spelling = `-shard=${text}`;
  if (Number(count) < COUNT.least) throw new UsageError(`${spelling}: its COUNT is at least 1, as in 0/1`);
  const agreed = agree([{ value: Number(count), spelling }, ...countOfFlag(shardCount)]);
  return makeShard({ value: Number(index), spelling }, agreed ?? { value: Number(count), spelling });
}

function shardOfEnvironment({ shardCount }: ShardFlags, env: NodeJS.ProcessEnv): Shard | undefined {
  const index = agree(
    INDEX_VARIABLES.flatMap((name) => given(name, env[name], { half: INDEX, cure: INSTEAD })),
  );
  const ofTasks = given(COUNT_VARIABLE, env[COUNT_VARIABLE], { half: COUNT, cure: INSTEAD });
  const count = agree([...countOfFlag(shardCount), ...ofTasks]);
  if (index !== undefined && count !== undefined) return makeShard(index, count);
  if (index !== undefined) {
    throw new UsageError(
      `${index.spelling} says which shard this is, but the number of shards is missing: give -shard-count=N, ` +
        'or -shard=0/1 for a single shard',
    );
  }
  if (count === undefined) return undefined;
  throw new UsageError(
    `${count.spelling} says how many shards there are, but the index of this one is missing: give ` +
      `-shard=INDEX/${count.value}, or set ${INDEX_VARIABLES.join(' or ')}`,
  );
}

function countOfFlag(text: string | undefined): Given[] {
  return given('-shard-count', text, {
    half: COUNT,
    cure: 'give the number of tasks of the job, or leave it out',
  });
}

/** Undefined for a value that is not given. */
function given(
  name: string,
  text: string | undefined,
  { half: { says, least }, cure }: { readonly half: Half; readonly cure: string },
): Given[] {
  if (text === undefined || text === '') return [];
  if (/^\d{1,6}$/.test(text) && Number(text) >= least) {
    return [{ value: Number(text), spelling: `${name}=${text}` }];
  }
  throw new UsageError(
    `${name} says ${says}: a whole number from ${least} to ${MOST}, not ${quote(text)}: ${cure}`,
  );
}

function agree(all: readonly Given[]): Given | undefined {
  const [first, ...others] = all;
  const other = others.find(({ value }) => value !== first?.value);
  if (first === undefined || other === undefined) return first;
  throw new UsageError(`${first.spelling} and ${other.spelling} contradict each other: give one`);
}

function makeShard(index: Given, count: Given): Shard {
  if (index.value < count.value) return { index: index.value, count: count.value };
  const shards =
    count.value === 1
      ? 'the one shard, which is 0,'
      : `the ${count.value} shards, which are 0 to ${count.value - 1},`;
  const isOne = index.spelling === count.spelling;
  throw new UsageError(
    isOne
      ? `${index.spelling} is not one of ${shards} of that COUNT: give an INDEX below it`
      : `${index.spelling} is not one of ${shards} of ${count.spelling}: set the count to the number of tasks of the job`,
  );
}
