import { renderMarkdownList } from '../../report/render-list.ts';
import { renderPart } from '../../report/render-markdown.ts';
import { renderMarkdownTable } from '../../report/render-table.ts';
import { advise } from './advise.ts';
import { VERDICT_HEADER, VERIFIED_HOST_HEADER, verdictRows, verifiedHostRows } from './render-text.ts';
import { isThere, type Verification, type VerificationItem } from './verification.ts';

/** The report as Markdown, fit for a comment on a pull request: what needs a person first. */
export function renderVerificationMarkdown(verification: Verification): string {
  const { via, items } = verification;
  return [
    `## Image verification${via === null ? '' : ` through ${via}`}${renderPart(verification)}`,
    renderMarkdownTable(VERDICT_HEADER, verdictRows(verification)),
    ...section(
      'Needs attention',
      items.filter((item) => !isThere(item)),
    ),
    ...section('There', items.filter(isThere)),
    ...adviceOn(verification),
    '### Hosts',
    renderMarkdownTable(VERIFIED_HOST_HEADER, verifiedHostRows(verification)),
    '',
  ].join('\n\n');
}

function adviceOn(verification: Verification): string[] {
  const rows = advise(verification).map(({ about, text }) => [about, text]);
  return renderMarkdownList('What to do', ['verdict', 'advice'], rows);
}

function section(title: string, items: readonly VerificationItem[]): string[] {
  const rows = items.map(({ verdict, destination, asked, reason, at }) => [
    verdict,
    destination ?? at,
    asked ?? '',
    reason,
  ]);
  return renderMarkdownList(title, ['verdict', 'destination', 'asked for', 'reason'], rows);
}
