import * as z from 'zod';
import { CHECK_NAMES, type CheckName, RULE_LEVELS, type RuleSettings } from '../checks/rule-settings.ts';
import { SEVERITIES } from '../image/severity.ts';
import { Age, Globs, millisecondsOf } from './values.ts';

const Level = z.enum(RULE_LEVELS);
const LEVEL_ALONE = { level: Level };

const MIB_ERROR = 'expected a whole number of mebibytes, at least 1';

const Text = z.string().trim().min(1);

/** A vulnerability that somebody has accepted: globs, the reason, and the last day. */
const AllowedVulnerability = z.strictObject({
  vulnerability: Text,
  image: Text.optional(),
  package: Text.optional(),
  reason: Text,
  expires: z.iso.date({ error: 'expected a date, YYYY-MM-DD' }).optional(),
});

/** The parameters of rules with parameters. */
const PARAMETERS = {
  'max-image-size': { mib: z.int({ error: MIB_ERROR }).min(1, { error: MIB_ERROR }).optional() },
  'min-age': { age: Age.optional() },
  'moving-tag': { tags: Globs.optional() },
  retention: { within: Age.optional(), keep: Age.optional() },
  'single-platform': { allow: Globs.optional() },
  vulnerabilities: {
    threshold: z.union([z.enum(SEVERITIES), z.int().min(0).max(5)]).optional(),
    'fixable-only': z.boolean().optional(),
    allow: z.array(AllowedVulnerability).optional(),
  },
} as const satisfies Readonly<Partial<Record<CheckName, z.core.$ZodLooseShape>>>;

/** A level, or a map of the level and parameters. */
function ruleOf<Shape extends z.core.$ZodLooseShape>(parameters: Shape) {
  return z.union([Level, z.strictObject({ ...LEVEL_ALONE, ...parameters })]).optional();
}

type PlainName = Exclude<CheckName, keyof typeof PARAMETERS>;
const isPlain = (name: CheckName): name is PlainName => !Object.hasOwn(PARAMETERS, name);

const PLAIN = ruleOf({});
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of fromEntries has no names
const PLAIN_RULES = Object.fromEntries(CHECK_NAMES.filter(isPlain).map((name) => [name, PLAIN])) as Record<
  PlainName,
  typeof PLAIN
>;

/** The section `rules`: levels of rules by name. */
export const RulesSection = z.strictObject({
  ...PLAIN_RULES,
  'max-image-size': ruleOf(PARAMETERS['max-image-size']),
  'min-age': ruleOf(PARAMETERS['min-age']),
  'moving-tag': ruleOf(PARAMETERS['moving-tag']),
  retention: ruleOf(PARAMETERS.retention),
  'single-platform': ruleOf(PARAMETERS['single-platform']),
  vulnerabilities: ruleOf(PARAMETERS.vulnerabilities),
});

/** The levels and parameters in a section. */
export function ruleSettingsOf(section: z.infer<typeof RulesSection>): RuleSettings {
  const levels = CHECK_NAMES.flatMap((name) => {
    const rule = section[name];
    return rule === undefined ? [] : [[name, typeof rule === 'string' ? rule : rule.level] as const];
  });
  const size = detailsOf(section['max-image-size'])?.mib;
  const age = detailsOf(section['min-age'])?.age;
  const { within, keep } = detailsOf(section.retention) ?? {};
  return {
    levels: new Map(levels),
    parameters: {
      maxImageSize: size === undefined ? undefined : size * 1024 * 1024,
      minAge: age === undefined ? undefined : millisecondsOf(age),
      movingTags: detailsOf(section['moving-tag'])?.tags,
      retention: within === undefined ? undefined : millisecondsOf(within),
      retentionKeep: keep === undefined ? undefined : millisecondsOf(keep),
      singlePlatformAllow: detailsOf(section['single-platform'])?.allow,
      vulnerabilities: policyOf(detailsOf(section.vulnerabilities)),
    },
  };
}

function detailsOf<Details extends object>(rule: string | Details | undefined): Details | undefined {
  return typeof rule === 'object' ? rule : undefined;
}

function policyOf(
  details: Extract<z.infer<typeof RulesSection>['vulnerabilities'], object> | undefined,
): RuleSettings['parameters']['vulnerabilities'] {
  if (details === undefined) return undefined;
  const { threshold, 'fixable-only': fixableOnly, allow } = details;
  return {
    ...(threshold !== undefined && {
      threshold: typeof threshold === 'number' ? SEVERITIES[threshold] : threshold,
    }),
    ...(fixableOnly !== undefined && { fixableOnly }),
    ...(allow !== undefined && { allowed: allow }),
  };
}
