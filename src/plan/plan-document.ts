import * as z from 'zod';
import { CodedError } from '../base/errors.ts';
import { HOST_FAULTS } from '../base/host-fault.ts';
import type { Position } from '../base/position.ts';
import { isEmailAddress, oneLine } from '../base/text.ts';
import { parseDigest } from '../image/digest.ts';
import { parseRegistryName, parseRepository } from '../image/repository.ts';
import { parseTag } from '../image/tag.ts';

/** A text is not a plan that this version of the program can read. */
export class PlanFormatError extends CodedError<'json' | 'version' | 'shape' | 'altered'> {}

/** A text that is parsed into a value of its own type. */
function parsed<T extends string>(name: string, parse: (text: string) => T | undefined) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `no ${name}` });
    return z.NEVER;
  });
}

const Count = z.int().min(0);
const DigestText = parsed('digest', parseDigest);
const RepositoryText = parsed('repository', parseRepository);
const Account = parsed('email address', (text) => (isEmailAddress(text) ? text : undefined));
const Fingerprint = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** In its one form: the last character may have bits that nobody decodes. */
const Base64 = z
  .base64()
  .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'no base64 in its one form');

/** `[file, line, column]`. */
const Place = z
  .tuple([z.string(), Count, Count])
  .transform(([file, line, column]): Position => ({ file, line, column }));
const Places = z.array(Place).min(1);

/** Numbers are those of lists. */
const BASE = {
  destinations: Count,
  tag: parsed('tag', parseTag).optional(),
  digest: DigestText,
  sources: Count,
  at: Places,
};

const Fault = z.strictObject({
  kind: z.enum(HOST_FAULTS),
  host: z.string(),
  repository: z.exactOptional(z.string()),
  identity: z.exactOptional(z.string()),
  message: z.string(),
  remedy: z.exactOptional(z.string()),
});

const Group = z.discriminatedUnion('decision', [
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
  z.strictObject({
    decision: z.literal('unreadable'),
    ...BASE,
    reason: z.string(),
    fault: z.exactOptional(Fault),
  }),
  z.strictObject({ decision: z.literal('blocked'), ...BASE, reason: z.string() }),
  z.strictObject({ decision: z.literal('not-attempted'), ...BASE }),
]);
export type ItemGroup = z.infer<typeof Group>;

/** The name of a commit stands in messages. */
const Commit = z.string().regex(/^[0-9a-f]{4,64}$/, 'no commit');

const Origin = z.strictObject({
  tool: z.string().max(100),
  madeAt: z.iso.datetime(),
  manifests: DigestText,
  read: z.strictObject({ projects: Count, images: Count, digests: Count }),
  revision: z.exactOptional(z.strictObject({ commit: Commit, dirty: z.boolean() })),
  shard: z.exactOptional(z.strictObject({ index: Count, count: Count, input: DigestText })),
  changes: z.exactOptional(
    z.strictObject({ base: Commit.nullable(), since: z.exactOptional(z.iso.datetime()) }),
  ),
});

const Finding = z.strictObject({
  rule: z.string(),
  level: z.enum(['warn', 'error']),
  message: z.string(),
  advice: z.exactOptional(z.string()),
  at: Place.optional(),
  edges: z.array(z.string()),
});

const Head = z.object({ format: z.literal('cip-plan'), version: z.unknown().optional() });

/** The file of a plan, version 1. A field may only be added, removed or changed with another version. */
const PlanDocument = z
  .strictObject({
    format: z.literal('cip-plan'),
    version: z.literal(1),
    origin: Origin,
    accounts: z.array(z.strictObject({ registry: parsed('registry', parseRegistryName), account: Account })),
    present: z.record(z.string(), Count),
    newRepositories: z.array(RepositoryText),
    findings: z.array(Finding),
    malformed: z.array(z.strictObject({ rule: z.string(), message: z.string(), at: Place })),
    lists: z.array(z.array(RepositoryText)),
    items: z.array(Group),
    digest: DigestText,
    signature: z.exactOptional(z.strictObject({ key: Fingerprint, value: Base64 })),
  })
  .superRefine(({ lists, items }, context) => {
    for (const [index, item] of items.entries()) {
      const used = [item.destinations, item.sources, 'siblings' in item ? item.siblings : 0];
      if (used.every((list) => list < lists.length)) continue;
      context.addIssue({ code: 'custom', message: 'no such list', path: ['items', index] });
    }
  });
export type PlanDocument = z.infer<typeof PlanDocument>;

/** Throws a `PlanFormatError` with the fault and its place. */
export function parsePlanDocument(text: string): PlanDocument {
  const document = parseJson(text);
  const head = Head.safeParse(document);
  if (!head.success) throw new PlanFormatError('shape', NO_PLAN);
  if (head.data.version !== 1) {
    const version = oneLine(JSON.stringify(head.data.version) ?? 'none');
    throw new PlanFormatError(
      'version',
      `it is a plan of format version ${version}, and this program reads version 1: use one version of cip for both`,
    );
  }
  const result = PlanDocument.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  throw new PlanFormatError(
    'shape',
    oneLine(`it is not a valid plan: ${place === '' ? '' : `${place}: `}${issue?.message}`),
  );
}

const NO_PLAN = 'it is JSON, but no plan file: expected one that -plan-out has written';

function parseJson(text: string): unknown {
  if (text.trim() === '') throw new PlanFormatError('json', 'it is empty: was the plan ever written?');
  try {
    return JSON.parse(text);
  } catch {
    throw new PlanFormatError('json', 'it is not JSON: it is no plan file, or an incomplete one');
  }
}
