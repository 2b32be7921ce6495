import { formatAge } from "../../core/duration.ts";
import { isLegacyLabelName, quote, shortenLabels, type Labels } from "../../core/labels.ts";
import { createMatcher, formatMatcher } from "../../core/matcher.ts";
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

/** `2027-01-15 08:00` in UTC. */
export function formatMinute(seconds: number): string {
  return (formatTime(seconds) ?? "").slice(0, 16).replace("T", " ");
}

/** Links to other views of the same page; the file that is mailed has none. */
export interface Links {
  readonly query: ReportQuery;
  /** The same view but for `changes`; relative, so that the page may lie under any path. */
  readonly to: (changes: Partial<ReportQuery>) => string;
}

export function createLinks(query: ReportQuery): Links {
  return { query, to: (changes) => formatReportQuery({ ...query, ...changes }) };
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
  const match = `{${formatMatcher(createMatcher(name, "=", value))}}`;
  return html`<a href="${links.to({ match, page: 1 })}"><bdi>${quoted}</bdi></a>`;
}
