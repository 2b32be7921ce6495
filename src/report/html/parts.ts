import { formatAge } from "../../core/duration.ts";
import { isLegacyLabelName, quote, shortenLabels, type Labels } from "../../core/labels.ts";
import { formatMatcher } from "../../core/matcher.ts";
import { pluralize } from "../../core/printable.ts";
import { formatTime } from "../../core/time.ts";
import { formatReportQuery, type ReportQuery } from "../query.ts";
import { html, nothing, type Html } from "./template.ts";

/** `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

/** `12,345 groups`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${pluralize(count, noun)}`;
}

/** A moment relative to now, `3m ago` or `in 2h`; the exact one is for machines, and for the pointer. */
export function renderMoment(seconds: number, now: number): Html {
  const distance = seconds - now;
  return renderTime(seconds, distance > 0 ? `in ${formatAge(distance)}` : `${formatAge(-distance)} ago`);
}

/** A moment in a column of them. */
export function renderDate(seconds: number): Html {
  return renderTime(seconds, formatMinute(seconds));
}

function renderTime(seconds: number, words: string): Html {
  const exact = formatTime(seconds) ?? "";
  return html`<time datetime="${exact}" title="${exact}">${words}</time>`;
}

/** `14:47` if it is less than a day ago, else with the date; in UTC. */
export function renderClock(seconds: number, now: number): Html {
  return renderTime(seconds, formatMinute(seconds).slice(now - seconds < 86_400 ? 11 : 0));
}

/** `2027-01-15 08:00` in UTC. */
export function formatMinute(seconds: number): string {
  return (formatTime(seconds) ?? "").slice(0, 16).replace("T", " ");
}

/** Links to other views of the same page; the file that is mailed has none. */
export interface Links {
  readonly query: ReportQuery;
  /** The groups in the same view but for `changes`; relative, so that the page may lie under any path. */
  readonly to: (changes: Partial<ReportQuery>) => string;
}

export function createLinks(query: ReportQuery): Links {
  return { query, to: (changes) => `${formatReportQuery({ ...query, ...changes })}#groups` };
}

/** Longer values are folded; this much of them is shown all the same. */
const shownLength = 160;

/**
 * The labels as text that the matcher grammar reads back, each value a link to the groups that share it. Every value is
 * isolated: its script may run from right to left, but not reverse the text beside it.
 */
export function renderLabels(labels: Labels, links: Links | null): Html {
  return html`<span class="labels"><i>{</i>${renderPairs(labels, links)}<i>}</i></span>`;
}

function renderPairs(labels: Labels, links: Links | null): readonly Html[] {
  const { pairs, omitted } = shortenLabels(labels);
  const rendered = pairs.map(({ name, value, fullLength }, index) => {
    const shown = isLegacyLabelName(name) ? name : quote(name);
    const separator = index === 0 ? nothing : html`<i>, </i>`;
    return html`${separator}<span class="label"
        ><i><bdi>${shown}</bdi>=</i
        >${renderValue(name, value, fullLength, labels.has(name) ? links : null)}</span
      >`;
  });
  if (omitted > 0) rendered.push(html`<span class="more">, … ${omitted} more labels</span>`);
  return rendered;
}

function renderValue(name: string, value: string, fullLength: number | null, links: Links | null): Html {
  const quoted = quote(value);
  if (fullLength !== null || quoted.length > shownLength) {
    const head = Array.from(quoted).slice(0, shownLength).join("");
    const rest = quoted.slice(head.length);
    const more = html`<span class="more">… ${fullLength ?? value.length} characters</span>`;
    const cut = fullLength === null ? nothing : html`<span class="more">… cut</span>`;
    const summary = html`<summary><bdi>${head}</bdi>${more}</summary>`;
    return html`<details class="long">${summary}<bdi>${rest}</bdi>${cut}</details>`;
  }
  if (links === null) return html`<bdi>${quoted}</bdi>`;
  return html`<a href="${links.to({ match: addMatcher(links.query, name, value), page: 1 })}"
    ><bdi>${quoted}</bdi></a
  >`;
}

/**
 * A cell of a table.
 * @param title shown where a narrow screen has no room for the heading
 * @param count null: not known
 */
export function renderNumber(title: string, count: number | null): Html {
  return html`<td class="number${(count ?? 0) === 0 ? " zero" : ""}" data-title="${title}">
    ${count === null ? "–" : formatCount(count)}
  </td>`;
}

/**
 * A table that scrolls if it is long.
 * @param numbers the indices of columns of numbers
 */
export function renderTable(
  id: string,
  caption: string,
  { titles, numbers }: { readonly titles: readonly string[]; readonly numbers: readonly number[] },
  rows: readonly Html[],
): Html {
  const cells = titles.map((title, index) => {
    const align = numbers.includes(index) ? html` class="number"` : nothing;
    return html`<th scope="col" ${align}>${title}</th> `;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="${id}-title">
    <table class="${id}">
      <caption class="hidden">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${cells}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** The filter with one more matcher, unless it has that one. */
function addMatcher({ matchers }: ReportQuery, name: string, value: string): string {
  const texts = [...matchers, { name, operator: "=", value } as const].map(formatMatcher);
  return `{${[...new Set(texts)].join(", ")}}`;
}
