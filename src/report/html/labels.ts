import { isLegacyLabelName, quote, shortenLabels, type Labels } from "../../core/labels.ts";
import { createMatcher, formatMatcher } from "../../core/matcher.ts";
import type { Links } from "./links.ts";
import { html, nothing, type Html } from "./template.ts";

/** Longer values are folded; so much of them is seen all the same. */
const shownLength = 160;

/**
 * The labels as text that the matcher grammar reads back, each value a link to the groups that share it. Every value is
 * isolated: its script may run from right to left, but not turn what stands beside it.
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
