import { isLegacyLabelName, quote, type Labels } from "../../core/labels.ts";
import { createMatcher, formatMatcher } from "../../core/matcher.ts";
import type { Links } from "./links.ts";
import { html, nothing, type Html } from "./template.ts";

/** Longer values are folded; so much of them is seen all the same. */
const shownLength = 160;

/** A URL with a longer value would be refused by some servers. */
const linkedLength = 500;

/**
 * The labels as text that the matcher grammar reads back, each value a link to the groups that share it. Every value is
 * isolated: its script may run from right to left, but not turn what stands beside it.
 */
export function renderLabels(labels: Labels, links: Links | null): Html {
  return html`<span class="labels"><i>{</i>${renderPairs(labels, links)}<i>}</i></span>`;
}

function renderPairs(labels: Labels, links: Links | null): readonly Html[] {
  return [...labels].map(([name, value], index) => {
    const shown = isLegacyLabelName(name) ? name : quote(name);
    const separator = index === 0 ? nothing : html`<i>, </i>`;
    return html`${separator}<span class="label"
        ><i><bdi>${shown}</bdi>=</i>${renderValue(name, value, links)}</span
      >`;
  });
}

function renderValue(name: string, value: string, links: Links | null): Html {
  const quoted = quote(value);
  if (quoted.length > shownLength) {
    const head = Array.from(quoted).slice(0, shownLength).join("");
    const rest = quoted.slice(head.length);
    const more = html`<span class="more">… ${value.length} characters</span>`;
    const summary = html`<summary><bdi>${head}</bdi>${more}</summary>`;
    return html`<details class="long">${summary}<bdi>${rest}</bdi></details>`;
  }
  if (links === null || value.length > linkedLength) return html`<bdi>${quoted}</bdi>`;
  const match = `{${formatMatcher(createMatcher(name, "=", value))}}`;
  return html`<a href="${links.to({ match, page: 1 })}"><bdi>${quoted}</bdi></a>`;
}
