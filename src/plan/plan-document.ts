import * as z from 'zod';
import { oneLine } from '../base/text.ts';
import { parseDigest } from '../image/digest.ts';
import { parseRepository } from '../image/repository.ts';
import { parseTag } from '../image/tag.ts';
import { EDGE_DECISIONS } from './plan.ts';

/** A text that is parsed into a value of its own type. */
function parsed<T extends string>(what: string, parse: (text: string) => T | undefined) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `no ${what}` });
    return z.NEVER;
  });
}

const Count = z.int().min(0);
const DigestText = parsed('digest', parseDigest);
const RepositoryText = parsed('repository', parseRepository);
const Counts = z.record(z.enum(EDGE_DECISIONS), Count);
const Places = z.array(z.strictObject({ file: z.string(), line: Count, column: Count }));

const BASE = {
  destination: RepositoryText,
  tag: parsed('tag', parseTag).optional(),
  digest: DigestText,
  /** An index of `lists`, as is `siblings`. */
  sources: Count,
  at: Places,
};

const Item = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('present'), ...BASE }),
  z.strictObject({
    decision: z.literal('copy'),
    ...BASE,
    siblings: Count,
    sourceFault: z.exactOptional(z.string()),
  }),
  z.strictObject({ decision: z.literal('add-tag'), ...BASE, siblings: Count }),
  z.strictObject({ decision: z.literal('tag-move'), ...BASE, found: DigestText }),
  z.strictObject({ decision: z.literal('lost'), ...BASE, doubt: z.exactOptional(z.string()) }),
  z.strictObject({
    decision: z.literal('conflict'),
    ...BASE,
    others: z.array(z.strictObject({ digest: DigestText, at: Places })),
    moreOthers: Count,
  }),
  z.strictObject({ decision: z.literal('unreadable'), ...BASE, reason: z.string() }),
  z.strictObject({ decision: z.literal('blocked'), ...BASE, reason: z.string() }),
  z.strictObject({ decision: z.literal('not-attempted'), ...BASE }),
]);
export type WrittenItem = z.infer<typeof Item>;

const Origin = z.strictObject({
  tool: z.string(),
  madeAt: z.iso.datetime(),
  manifests: DigestText,
  revision: z.exactOptional(z.strictObject({ commit: z.string(), dirty: z.boolean() })),
  shard: z.exactOptional(z.strictObject({ index: Count, count: Count, input: DigestText })),
});

const Head = z.object({ format: z.literal('cip-plan'), version: z.unknown().optional() });

/** The file of a plan, version 1. A field may only be added, removed or changed with another version. */
const PlanDocument = z
  .strictObject({
    format: z.literal('cip-plan'),
    version: z.literal(1),
    origin: Origin,
    counts: Counts,
    hosts: z.record(z.string(), Counts),
    newRepositories: z.array(RepositoryText),
    lists: z.array(z.array(RepositoryText)),
    items: z.array(Item),
  })
  .superRefine(({ lists, items }, context) => {
    for (const [index, item] of items.entries()) {
      const used = 'siblings' in item ? [item.sources, item.siblings] : [item.sources];
      if (used.every((list) => list < lists.length)) continue;
      context.addIssue({ code: 'custom', message: 'no such list', path: ['items', index] });
    }
  });
export type PlanDocument = z.infer<typeof PlanDocument>;

type Fault = (code: 'json' | 'version' | 'shape', message: string) => Error;

/** Throws what `fault` makes of a message that says what is wrong, and where. */
export function parsePlanDocument(text: string, fault: Fault): PlanDocument {
  const document = parseJson(text, fault);
  const head = Head.safeParse(document);
  if (!head.success) throw fault('shape', 'it is not a plan file: "format" is not "cip-plan"');
  if (head.data.version !== 1) {
    const version = oneLine(JSON.stringify(head.data.version) ?? 'none');
    throw fault('version', `it is a plan of version ${version}, and this program reads version 1`);
  }
  const result = PlanDocument.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  throw fault(
    'shape',
    oneLine(`it is not a valid plan: ${place === '' ? '' : `${place}: `}${issue?.message}`),
  );
}

function parseJson(text: string, fault: Fault): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw fault('json', 'it is not JSON, which a plan file is: was it written to the end?');
  }
}
