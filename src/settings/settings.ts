import * as z from 'zod';
import { RulesSection } from './rules-section.ts';
import { WatchSection } from './watch-section.ts';

/** The sections of `.cip.yaml`. */
export const Settings = z.strictObject({
  rules: RulesSection.nullable().optional(),
  watch: WatchSection.nullable().optional(),
});
export type Settings = z.infer<typeof Settings>;

/** The JSON schema as text, for editors. */
export function renderSettingsSchema(): string {
  const schema = z.toJSONSchema(Settings, { target: 'draft-7', io: 'input', reused: 'ref' });
  return `${JSON.stringify({ ...schema, title: 'Settings of cip' }, null, 2)}\n`;
}
