import { oneLine } from '../../base/text.ts';
import { renderFindingLine } from '../render-text.ts';
import { RegistryLists } from '../summary/registry-lists.ts';
import { factsOf, summarize } from './plan-summary.ts';
import type { ImageView, LineView, PlanView } from './plan-view.ts';

/** The whole plan as text, line by line: a heading for each image, a line for each tag, each list of registries once. */
export function* renderPlanText(view: PlanView): Generator<string> {
  const lists = new RegistryLists();
  yield `${summarize(view)}\n\n`;
  for (const [name, value] of factsOf(view)) yield `${name.padEnd(10)} ${unbroken(value)}\n`;
  yield* section('to be written', view.writes, lists);
  yield* section('not written', view.refusals, lists);
  yield* listed(
    'malformed entries',
    view.malformed.map(({ at, rule, message }) => `${at}: ${message} [${rule}]`),
  );
  yield* listed(
    'findings',
    view.findings.map((finding) => `${finding.level}: ${renderFindingLine(finding)}`),
  );
  yield* listed('new repositories', view.newRepositories);
  for (const [index, registries] of lists.all.entries()) {
    yield* listed(`registries [${index + 1}]`, registries);
  }
}

function* section(title: string, images: readonly ImageView[], lists: RegistryLists): Generator<string> {
  if (images.length > 0) yield `\n${title}:\n`;
  for (const image of images) {
    yield `  ${image.image} -> ${lists.nameOf(image, 'registries')}\n`;
    for (const line of image.lines) yield `    ${renderLine(line)}\n`;
  }
}

function* listed(title: string, lines: readonly string[]): Generator<string> {
  if (lines.length > 0) yield `\n${title}:\n`;
  for (const line of lines) yield `  ${unbroken(line)}\n`;
}

function renderLine({ decision, tag, digest, source, reason, at }: LineView): string {
  const from = source === null ? '' : ` from ${source}`;
  const why = reason === '' ? '' : `: ${reason}`;
  return unbroken(`${decision} ${tag ?? '(no tag)'} ${digest}${from}${why} (${at.join(', ')})`);
}

function unbroken(text: string): string {
  return oneLine(text, Number.POSITIVE_INFINITY);
}
