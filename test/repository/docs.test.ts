import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

const FILES = {
  'package.json': '{ "type": "module" }',
  'src/base/text.ts': 'export const text = 1;',
  'src/plan/plan.ts': "import type { X } from '../base/text.ts';",
  'src/cli/commands/commands.ts': `import type { X } from '../../base/text.ts';
    import type { Plan } from '../../plan/plan.ts';
    const manifest = { name: 'manifest', value: 'FILE', description: 'one plain manifest', group: 'What' };
    const confirm = { name: 'confirm', description: 'really promote', group: 'How' };
    const output = { name: 'output', value: 'yaml|csv', description: 'the format', default: 'yaml', group: 'What' };
    const v = { name: 'v', value: 'N', description: 'of old', group: 'Upstream', inert: 'of old' };
    const help = { about: 'is \`one\`.', examples: [['-x', 'try it']], exit: '0.' };
    export const COMMANDS = [
      { words: '', help, flags: [manifest, confirm, output, v] },
      { words: 'diff', help, flags: [manifest, { ...output, description: 'another format' }, v] },
      { words: 'show', operands: '<file>', help, flags: [output] },
    ];`,
  'docs/flags.md':
    'Before.\n<!-- generated: flags -->\nold\n<!-- /generated -->\nAfter.\n<!-- generated: command-flags -->\n<!-- /generated -->\n',
  'docs/man/cip.1': '.\\" <!-- generated: page -->\n<!-- /generated -->\n..\n',
  'src/README.md':
    '<!-- generated: folders -->\n<!-- /generated -->\n<!-- generated: imports -->\n<!-- /generated -->\n',
};

const FLAGS_PAGE = `Before.
<!-- generated: flags -->
**What**

| flag | meaning |
|---|---|
| \`-manifest FILE\` | one plain manifest |
| \`-output yaml\\|csv\` | the format (default \`yaml\`) |

**How**

| flag | meaning |
|---|---|
| \`-confirm\` | really promote |

Accepted without effect, with a warning: \`-v\`.
<!-- /generated -->
After.
<!-- generated: command-flags -->
**\`cip diff\`**

| flag | meaning |
|---|---|
| \`-output yaml\\|csv\` | another format (default \`yaml\`) |

Of the flags above: \`-manifest\`.

**\`cip show\`**

Of the flags above: \`-output\`.
<!-- /generated -->
`;

const SRC_README = `<!-- generated: folders -->
\`\`\`mermaid
graph TD
  base["base"]
  cli["cli"]
  cli --> plan
  plan["plan"]
  plan --> base
\`\`\`
<!-- /generated -->
<!-- generated: imports -->
| folder | imports from src/ | from node and npm |
|---|---|---|
| base | – | – |
| plan | base | – |
| cli | base, plan | – |
<!-- /generated -->
`;

describe('scripts/docs.js', () => {
  let directory = '';

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cip-docs-'));
    await cp(join(ROOT, 'scripts'), join(directory, 'scripts'), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    await mkdir(join(directory, 'docs/man'), { recursive: true });
    for (const folder of ['base', 'plan', 'cli/commands'])
      await mkdir(join(directory, 'src', folder), { recursive: true });
    for (const [file, text] of Object.entries(FILES)) await writeFile(join(directory, file), text);
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('writes the generated parts and nothing else', async () => {
    expect(await runDocs(directory)).toMatchObject({ code: 0 });
    expect(await readFile(join(directory, 'docs/flags.md'), 'utf8')).toBe(FLAGS_PAGE);
    expect(await readFile(join(directory, 'src/README.md'), 'utf8')).toBe(SRC_README);
    expect(await runDocs(directory, '--check')).toEqual({ code: 0, stdout: '', stderr: '' });
    // a manual page with every command and flag, whose end marker is hidden
    const page = await readFile(join(directory, 'docs/man/cip.1'), 'utf8');
    expect(page).toContain('\\fBcip show\\fR [\\fIflags\\fR] \\fIfile\\fR\n');
    expect(page).toContain('.SS "cip diff"\ncip diff is \\fBone\\fR.\n');
    expect(page).toContain('.TP\n\\fB\\-manifest\\fR \\fIFILE\\fR\none plain manifest\n');
    expect(page).toContain('.TP\n\\fBcip diff \\-x\\fR\ntry it\n');
    expect(page).not.toContain('of old');
    expect(page).toMatch(/\n\.ig\n<!-- \/generated -->\n\.\.\n$/);
  });

  it('with --check shows what is old, says what to do, and writes nothing', async () => {
    const { code, stderr } = await runDocs(directory, '--check');
    expect(code).toBe(1);
    expect(stderr).toContain(
      '--- docs/flags.md: flags\n+++ docs/flags.md: flags (as it should be)\n-old\n+**What**\n',
    );
    expect(stderr).toContain('run npm run docs');
    expect(await readFile(join(directory, 'docs/flags.md'), 'utf8')).toBe(FILES['docs/flags.md']);
  });

  it('refuses a picture of folders that import each other', async () => {
    await writeFile(join(directory, 'src/base/text.ts'), "import '../plan/plan.ts';");
    const { code, stderr } = await runDocs(directory);
    expect(code).toBe(1);
    expect(stderr).toContain('src/README.md: folders: imports form a circle: base → plan → base');
  });

  it('names a part that a document lacks', async () => {
    await writeFile(join(directory, 'docs/flags.md'), 'nothing generated\n');
    const { code, stderr } = await runDocs(directory);
    expect(code).toBe(1);
    expect(stderr).toContain('docs/flags.md: flags: expected <!-- generated: flags -->');
  });
});

function runDocs(
  directory: string,
  ...args: string[]
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const script = join(directory, 'scripts/docs.js');
    execFile(
      process.execPath,
      [script, ...args],
      { cwd: directory, timeout: 30_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, stdout, stderr });
      },
    );
  });
}
