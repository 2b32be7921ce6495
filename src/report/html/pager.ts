import type { Totals } from "../../core/totals.ts";
import type { VerdictName } from "../../core/verdict.ts";
import type { Links } from "./links.ts";
import { html, nothing, type Html } from "./template.ts";
import { formatCount } from "./words.ts";

/** Links to the groups of one verdict, with how many there are in all parts. */
export function renderVerdicts(parts: readonly Totals[], links: Links): Html {
  const sum = (countOf: (totals: Totals) => number): number =>
    parts.reduce((count, totals) => count + countOf(totals), 0);
  const tabs = [
    renderVerdict(
      "All",
      null,
      sum(({ groups }) => groups),
      links,
    ),
    renderVerdict(
      "Delete",
      "delete",
      sum(({ verdicts }) => verdicts.delete),
      links,
    ),
    renderVerdict(
      "Withhold",
      "withhold",
      sum(({ verdicts }) => verdicts.withhold),
      links,
    ),
    renderVerdict(
      "Keep",
      "keep",
      sum(({ verdicts }) => verdicts.keep),
      links,
    ),
  ];
  return html`<nav class="verdicts" aria-label="Verdicts">
    <ul>
      ${tabs}
    </ul>
  </nav> `;
}

function renderVerdict(title: string, verdict: VerdictName | null, count: number, links: Links): Html {
  const current = links.query.verdict === verdict ? html` aria-current="true"` : nothing;
  return html`<li>
    <a href="${links.to({ verdict, page: 1 })}#groups" ${current}
      >${title} <span class="count">${formatCount(count)}</span></a
    >
  </li>`;
}

/** The ways to the other pages; nothing if there is only one. */
export function renderPager(pages: number, links: Links): Html {
  const { page } = links.query;
  if (pages === 1 && page === 1) return nothing;
  const numbers = numbersAround(Math.min(page, pages), pages);
  return html`<nav class="pager" aria-label="Pages">
    <ul>
      ${renderStep("Previous", "prev", Math.min(page, pages + 1) - 1, pages, links)}
      ${numbers.map((number) => renderNumber(number, links))}
      ${renderStep("Next", "next", page + 1, pages, links)}
    </ul>
  </nav> `;
}

function renderStep(title: string, rel: string, page: number, pages: number, links: Links): Html {
  if (page < 1 || page > pages) return html`<li><span class="off" aria-hidden="true">${title}</span></li>`;
  return html`<li><a rel="${rel}" href="${links.to({ page })}#groups">${title}</a></li>`;
}

/** @param number null: some are left out */
function renderNumber(number: number | null, links: Links): Html {
  if (number === null) return html`<li class="gap">…</li>`;
  const current = number === links.query.page ? html` aria-current="page"` : nothing;
  return html`<li>
    <a href="${links.to({ page: number })}#groups" aria-label="Page ${number}" ${current}
      >${formatCount(number)}</a
    >
  </li>`;
}

/** The first, the last, and those around `page`. */
export function numbersAround(page: number, pages: number): readonly (number | null)[] {
  const wanted = [1, page - 1, page, page + 1, pages].filter((number) => number >= 1 && number <= pages);
  const numbers = [...new Set(wanted)].toSorted((a, b) => a - b);
  return numbers.flatMap((number, index) => {
    const skipped = number - (numbers[index - 1] ?? 0) - 1;
    if (skipped === 0) return [number];
    // A gap of one page is as long as its number.
    return skipped === 1 ? [number - 1, number] : [null, number];
  });
}
