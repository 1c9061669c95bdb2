import * as z from 'zod';
import { RulesSection } from './rules-section.ts';

/** The sections of `.cip.yaml`, each from its own file. */
export const Settings = z.strictObject({
  rules: RulesSection.nullable().optional(),
});
export type Settings = z.infer<typeof Settings>;

/** The text of the JSON schema, for editors. */
export function renderSettingsSchema(): string {
  const schema = z.toJSONSchema(Settings, { target: 'draft-7', io: 'input', reused: 'ref' });
  return `${JSON.stringify({ ...schema, title: 'Settings of cip' }, null, 2)}\n`;
}
