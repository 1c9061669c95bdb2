import { formatPosition } from '../base/position.ts';
import { compareText } from '../base/sorted.ts';
import { escapeControls } from '../base/text.ts';
import type { Problem } from './model.ts';

/** `file:line:column: error: message [rule]`, and the frame below it where there is one. No line break at the end. */
export function renderProblem(problem: Problem): string {
  const { severity, rule, message, at, frame } = problem;
  const head = escapeControls(`${formatPosition(at)}: ${severity}: ${message} [${rule}]`);
  return frame === '' ? head : `${head}\n${frame}`;
}

/** A new array, sorted by file, line and column. At one place a cause stays before its consequences. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    (a, b) => compareText(a.at.file, b.at.file) || a.at.line - b.at.line || a.at.column - b.at.column,
  );
}
