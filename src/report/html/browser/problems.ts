import type { PageCause } from '../page-data.ts';
import { button, element, section } from './dom.ts';
import type { PageModel } from './page-model.ts';
import { tableSection } from './page-table.ts';

/** What went wrong, each once: failures of hosts, then the reasons of single images, most edges first. */
export function problemSections(
  model: PageModel,
  causes: readonly PageCause[],
  show: (cause: number) => void,
): readonly HTMLElement[] {
  const items = causes.map(({ title, text }, cause) =>
    element(
      'li',
      {},
      element('strong', {}, title),
      ` ${text} `,
      button('Show images', () => show(cause), `Show images: ${title} ${text}`),
    ),
  );
  const rows = model.problems().map(({ result, reason, edges, row }) => {
    const name = model.nameOf(row);
    return [result, edges, reason, element('a', { href: `#${encodeURIComponent(model.linkOf(row))}` }, name)];
  });
  const header = ['result', 'edges', 'reason', 'first image'];
  return [
    ...(items.length > 0 ? [section('Errors of hosts', 'causes', element('ul', {}, ...items))] : []),
    ...(rows.length > 0
      ? [tableSection({ title: 'Errors of images', note: '', header, rows }, 'problems')]
      : []),
  ];
}
