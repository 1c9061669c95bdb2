import { compileText, ExpressionError } from '../../signature/identity-policy.ts';
import type { ParsedProject } from '../parse-manifest.ts';
import type { SourceFile } from '../source-file.ts';
import { fault } from './policy-fields.ts';

/**
 * Compiles the expressions of a project's policies. A project with a faulty one cannot be used, and the fault is
 * reported to its file.
 */
export async function checkExpressions(project: ParsedProject, source: SourceFile): Promise<ParsedProject> {
  const { expressions, manifest } = project;
  if (expressions.length === 0) return project;
  let isIntact = true;
  for (const { text, at } of expressions) {
    try {
      await compileText({ kind: 'expression', text });
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      isIntact = false;
      source.report(fault(`invalid signer: ${error.message}`), at);
    }
  }
  return isIntact
    ? project
    : { ...project, manifest: undefined, unguarded: manifest?.source ?? project.unguarded };
}
