import type { PageData } from '../page-data.ts';
import { Details } from './details.ts';
import { button, element, factList, formatCount, section } from './dom.ts';
import { FilterForm } from './filter-form.ts';
import { MatrixTable } from './matrix-table.ts';
import { PageModel } from './page-model.ts';
import { tableSection } from './page-table.ts';
import { problemSections } from './problems.ts';
import { signOf } from './results.ts';

function start(data: PageData, main: HTMLElement): void {
  document.title = data.title;
  const header = element(
    'header',
    {},
    element('h1', {}, data.title),
    element('p', { class: `verdict ${data.isGood ? 'done' : 'problem'}` }, data.verdict),
    factList(data.facts),
  );
  const tables = data.tables.map((table, index) => tableSection(table, `table-${index}`));
  if (data.matrix.rows.length === 0) main.append(header, element('p', {}, data.note), ...tables);
  else main.append(header, ...matrixSections(data), ...tables);
}

/** The causes, the matrix and what opens from it. */
function matrixSections({ matrix, causes, note }: PageData): readonly HTMLElement[] {
  const model = new PageModel(matrix);
  const table = new MatrixTable(model);
  const count = element('p', { role: 'status' });
  const refresh = () => {
    const { filter } = form;
    const rows = model.select(filter);
    table.show(rows, model.columnsAt(filter.host));
    count.textContent = `${formatCount(rows.length)} of ${formatCount(matrix.rows.length)} images and tags`;
  };
  const form = new FilterForm(
    model,
    causes.map(({ title, text }) => `${title} ${text}`),
    refresh,
  );
  const show = (filter: Parameters<FilterForm['set']>[0]) => {
    form.set(filter);
    images.scrollIntoView();
  };
  const legend = matrix.results.map((result, index) =>
    element(
      'li',
      {},
      signOf(result),
      button(`${result.name}: ${formatCount(result.edges)}`, () => show({ result: index })),
      ` ${result.meaning}`,
    ),
  );
  const images = section(
    matrix.kind === 'sides' ? 'Images' : 'Images and destinations',
    'images',
    ...(note === '' ? [] : [element('p', {}, note)]),
    element('ul', { class: 'legend' }, ...legend),
    form.form,
    count,
    table.window,
  );
  const dialog = openByHash(model, table, count);
  // sizes are known once it is in the document
  requestAnimationFrame(refresh);
  return [
    ...(matrix.kind === 'sides' ? [] : problemSections(model, causes, (cause) => show({ cause }))),
    images,
    dialog,
  ];
}

/** Opens the image that the fragment of the address names, and follows it. */
function openByHash(model: PageModel, table: MatrixTable, status: HTMLElement): HTMLElement {
  let opened: number | undefined;
  const details = new Details(model, () => {
    if (opened !== undefined) table.focus(opened);
    opened = undefined;
    history.replaceState(null, '', location.href.split('#', 1)[0]); // last: a sandbox may refuse it
  });
  const follow = () => {
    const name = decodeHash(location.hash);
    opened = name === '' ? undefined : model.find(name);
    if (opened !== undefined) details.open(opened);
    else if (details.dialog.open) details.dialog.close();
    if (name !== '' && opened === undefined) status.textContent = `not in this report: ${name}`;
  };
  window.addEventListener('hashchange', follow);
  requestAnimationFrame(() => requestAnimationFrame(follow));
  return details.dialog;
}

function decodeHash(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return hash.slice(1);
  }
}

const main = document.querySelector('main');
const text = document.querySelector('#data')?.textContent ?? '';
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the program that made the page wrote it
if (main !== null) start(JSON.parse(text) as PageData, main);
