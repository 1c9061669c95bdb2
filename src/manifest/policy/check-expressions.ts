import type { ParsedProject } from '../parse-manifest.ts';
import type { SourceFile } from '../source-file.ts';
import { fault } from './policy-fields.ts';

/**
 * Compiles the expressions of a project's policies. A project with a faulty one cannot be used, and the fault is
 * reported to its file. The engine is loaded for a project with an expression only.
 */
export async function checkExpressions(project: ParsedProject, source: SourceFile): Promise<ParsedProject> {
  const { expressions, manifest } = project;
  if (expressions.length === 0) return project;
  const { faultOfExpression } = await import('../../signature/policy/identity-pattern.ts');
  let isIntact = true;
  for (const { text, at } of expressions) {
    const found = faultOfExpression(text);
    if (found === undefined) continue;
    isIntact = false;
    source.report(fault(`invalid signer: ${found}`), at);
  }
  return isIntact
    ? project
    : { ...project, manifest: undefined, unguarded: manifest?.source ?? project.unguarded };
}
