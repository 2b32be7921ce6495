import type { SweepReport } from "../../core/report.ts";
import type { RuleTotals } from "../../core/totals.ts";
import type { QueryProblem } from "../query.ts";
import type { Selection } from "../select.ts";
import { rowsPlace } from "./document.ts";
import { isFiltered, renderFilter } from "./filter.ts";
import { renderGroups } from "./groups.ts";
import { showText } from "../text.ts";
import type { Links } from "./links.ts";
import { renderPager, renderVerdicts } from "./pager.ts";
import { html, type Html } from "./template.ts";
import { formatCount, renderMoment, countOf } from "./words.ts";

interface GroupsContent {
  readonly report: SweepReport | null;
  /** null: there is no report, or the query cannot be answered. */
  readonly selection: Selection | null;
  readonly now: number;
  readonly nextSweepAt: number | null;
  readonly problem: QueryProblem | null;
  readonly links: Links;
  readonly rules: readonly RuleTotals[];
}

/** The groups that the query selects, the form to change it, and the ways to other pages. */
export function renderGroupsSection(content: GroupsContent): Html {
  const { report, problem, links, rules } = content;
  const choices = {
    gateways: report?.gateways.map(({ name }) => name) ?? [],
    rules: rules.flatMap(({ rule }) => rule ?? []),
  };
  return html`<section id="groups" tabindex="-1" aria-labelledby="groups-title">
    <h2 id="groups-title">Groups</h2>
    ${renderVerdicts(rules, links)} ${renderFilter(links, choices, problem)} ${renderResult(content)}
  </section> `;
}

function renderResult({ report, selection, now, nextSweepAt, problem, links }: GroupsContent): Html {
  if (problem !== null)
    return html`<p class="quiet empty">No groups are shown, because the filter cannot be used.</p>`;
  if (report === null || selection === null) {
    const due =
      nextSweepAt === null
        ? html`No sweep is due.`
        : html`The first sweep is due ${renderMoment(nextSweepAt, now)}.`;
    return html`<p class="quiet empty">No gateway has been read yet. ${due}</p>`;
  }
  const { groups, pages } = selection;
  if (groups.length === 0) return renderEmpty(report, selection, links);
  return html`<p class="range" role="status">${describeRange(selection, links)}</p>
    ${renderGroups(rowsPlace, links)} ${renderPager(pages, links)}`;
}

function renderEmpty(report: SweepReport, { matched, pages }: Selection, links: Links): Html {
  if (matched > 0) {
    return html`<p class="quiet empty" role="status">
      There is no page ${links.query.page}:
      <a href="${links.to({ page: pages })}">the last one is ${pages}</a>.
    </p>`;
  }
  return html`<p class="quiet empty" role="status">${explainEmpty(report, links)}</p>`;
}

/** How many a sentence names. */
const namedGateways = 5;

/** A gateway that could not be read may hold anything. */
function explainEmpty({ gateways }: SweepReport, { query }: Links): string {
  if (gateways.length === 0) return "No gateway is known.";
  const asked = gateways.filter(({ name }) => query.gateway === null || query.gateway === name);
  const unread = asked.filter(({ snapshot }) => snapshot === null).map(({ name }) => showText(name));
  const more = unread.length > namedGateways ? ` and ${unread.length - namedGateways} more` : "";
  const named = unread.slice(0, namedGateways).join(", ");
  const rest = unread.length === 0 ? [] : [`The groups of ${named}${more} are not known.`];
  if (isFiltered(query)) return ["No group matches the filter.", ...rest].join(" ");
  return [...(unread.length === gateways.length ? [] : ["The gateways hold no groups."]), ...rest].join(" ");
}

/** `101 to 200 of 1,234 groups, by expiry`. */
function describeRange({ groups, matched }: Selection, { query }: Links): string {
  const order = { expiry: "the next to expire first", age: "the oldest first", labels: "by labels" }[
    query.sort
  ];
  const first = (query.page - 1) * query.perPage + 1;
  const range =
    groups.length === matched ? "" : `${formatCount(first)} to ${formatCount(first + groups.length - 1)} of `;
  return `${range}${countOf(matched, "group")}, ${order}`;
}
