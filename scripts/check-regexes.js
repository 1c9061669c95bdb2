// Finds regular expressions whose time grows faster than the text they meet: `node scripts/check-regexes.js [DIRECTORY…]`,
// without arguments of src and bin. Foreign text reaches most of them. One that has to be built at run time cannot be
// checked and is refused as well.
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check } from 'recheck';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Milliseconds for one expression: the slowest of ours takes two seconds, or six where recheck has no native program. */
const TIMEOUT = 60_000;

const directories = process.argv.slice(2);
if (directories.length === 0) directories.push(join(ROOT, 'src'), join(ROOT, 'bin'));

const files = (await Promise.all(directories.map(sourcesIn))).flat();
const expressions = files.flatMap(expressionsIn);
let refused = 0;
for (const expression of expressions) {
  // oxlint-disable-next-line no-await-in-loop -- side by side they would share a source of chance, and differ from run to run
  const fault = await faultOf(expression);
  if (fault === undefined) continue;
  refused += 1;
  console.error(fault);
}
console.log(`${expressions.length} regular expressions, ${refused} refused`);
process.exit(refused === 0 ? 0 : 1); // recheck's own process would be waited for

async function sourcesIn(directory) {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => /\.[cm]?[jt]s$/.test(name)).map((name) => join(directory, name));
}

function expressionsIn(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    const line = () => source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const at = () => `${relative(process.cwd(), file)}:${line()}`;
    if (ts.isRegularExpressionLiteral(node)) found.push({ at: at(), ...partsOf(node.text) });
    else if (isConstructor(node)) found.push({ at: at() });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function partsOf(literal) {
  const end = literal.lastIndexOf('/');
  return { pattern: literal.slice(1, end), flags: literal.slice(end + 1) };
}

function isConstructor(node) {
  return (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp';
}

async function faultOf({ at, pattern, flags }) {
  if (pattern === undefined) return `${at}: RegExp(…) cannot be checked: write a literal`;
  const result = await check(pattern, flags, { timeout: TIMEOUT });
  if (result.status === 'safe') return undefined;
  const named = `${at}: /${pattern}/${flags}`;
  if (result.status === 'unknown') return `${named}: not judged (${result.error.kind}): write it more simply`;
  return `${named}: ${result.complexity.summary} time, as of ${result.attack.pattern}`;
}
