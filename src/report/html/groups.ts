import { formatAge, formatDuration } from "../../core/duration.ts";
import { describeDeciding, describeMatch, describeNumbers, explain } from "../../core/explain.ts";
import type { Group } from "../../core/group.ts";
import { surveyPushes, type Pushes } from "../../core/life.ts";
import { outdatedSince, type GatewayReport, type ReportEntry, type SweepReport } from "../../core/report.ts";
import type { Rule } from "../../core/rule.ts";
import type { RuleTotals, Totals } from "../../core/totals.ts";
import { isFailedDeletion, isGone, type VerdictName } from "../../core/verdict.ts";
import { reasonWords } from "../advice.ts";
import { isFiltered, reasonNames, type QueryProblem, type Sort } from "../query.ts";
import {
  askedGateways,
  selectFromAll,
  type LocatedGroup,
  type PrintSelection,
  type SelectedGroups,
} from "../select.ts";
import { showText } from "../text.ts";
import { hiddenLabels, viewRow, type Row } from "../view.ts";
import { groupsAtOnce } from "./file-script.ts";
import { renderForm } from "./filter-form.ts";
import {
  countOf,
  formatCount,
  formatMinute,
  renderDate,
  renderLabels,
  renderMoment,
  type Links,
} from "./parts.ts";
import { html, nothing, trusted, type Html } from "./template.ts";

interface GroupsContent {
  readonly report: SweepReport | null;
  /** null: there is no report. */
  readonly selected: SelectedGroups | QueryProblem | null;
  readonly now: number;
  readonly nextSweepAt: number | null;
  readonly links: Links;
  /** Totals by rule of the groups that pass the matchers. */
  readonly totals: readonly RuleTotals[];
  /** In force now. */
  readonly rules: readonly Rule[];
}

/** The groups that the query selects, the form to change it, and the other pages; row by row. */
export function* renderGroupsSection(content: GroupsContent): Generator<Html> {
  const { report, selected, links, totals } = content;
  const problem = selected !== null && "message" in selected ? selected : null;
  const choices = {
    gateways: report?.gateways.map(({ name }) => name) ?? [],
    rules: report?.rules ?? [],
    reasons: reasonNames.filter((reason) => totals.some(({ reasons }) => reasons[reason] > 0)),
  };
  yield trusted('<section id="groups" tabindex="-1" aria-labelledby="groups-title">\n');
  yield html`<h2 id="groups-title">Groups</h2>
    ${renderVerdicts(totals, links)} ${renderForm(links, choices, problem)} `;
  yield* renderResult(content);
  yield trusted("</section>\n");
}

function* renderResult({ report, selected, now, nextSweepAt, links, rules }: GroupsContent): Generator<Html> {
  if (report === null || selected === null) {
    const due =
      nextSweepAt === null
        ? html`No sweep is due.`
        : html`The first sweep is due ${renderMoment(nextSweepAt, now)}.`;
    yield html`<p class="quiet empty">No gateway has been read yet. ${due}</p>`;
  } else if ("message" in selected) {
    yield html`<p class="quiet empty">No groups are shown, because the filter cannot be used.</p>`;
  } else if (selected.groups.length === 0) {
    yield renderEmpty(report, selected, links);
  } else {
    yield html`<p class="range" role="status">${describeRange(selected, links)}</p>
      ${renderReasons(selected.groups)} `;
    yield* renderGroups(report, selected.groups, now, { links, rules });
    yield renderPager(selected.pages, links);
  }
}

/**
 * The selected groups of a report, without links; nothing if there are none. The first of them unfold to their decision: more would
 * double the size of the file.
 * @param rules null: others have decided
 */
export function* renderFileGroups(
  report: SweepReport,
  selection: PrintSelection,
  now: number,
  rules: readonly Rule[] | null,
): Generator<Html> {
  const groups = selectFromAll(report, selection);
  if (groups.length === 0) return;
  yield trusted('<section id="groups" aria-labelledby="groups-title">\n');
  yield html`<h2 id="groups-title">Groups</h2>
    <div class="filter" role="search" aria-label="Groups" hidden>
      <div class="field grow">
        <label for="words">Words that a group, its verdict or its rule contains</label>
        <input id="words" type="search" placeholder="web- withheld" autocomplete="off" spellcheck="false" />
      </div>
      <button type="button" hidden>Show more</button>
    </div>
    <p class="range" role="status">
      ${countOf(groups.length, "group")}, ${orderWords[selection.sort ?? "expiry"]}
    </p>
    ${renderReasons(groups)} `;
  yield* renderGroups(report, groups.slice(0, groupsAtOnce), now, rules && { links: null, rules });
  if (groups.length > groupsAtOnce) {
    yield trusted("<noscript>\n");
    yield* renderGroups(report, groups.slice(groupsAtOnce), now, null);
    yield trusted("</noscript>\n");
  }
  yield trusted("</section>\n");
}

/** Links to the groups of each verdict, with how many there are under the chosen rule. */
function renderVerdicts(totals: readonly RuleTotals[], links: Links): Html {
  const { rule: chosen } = links.query;
  const rules = chosen === null ? totals : totals.filter(({ rule }) => rule === chosen);
  const tabs: readonly (readonly [string, VerdictName | null, (totals: Totals) => number])[] = [
    ["All", null, ({ groups }) => groups],
    ["Delete", "delete", ({ verdicts }) => verdicts.delete],
    ["Withhold", "withhold", ({ verdicts }) => verdicts.withhold],
    ["Keep", "keep", ({ verdicts }) => verdicts.keep],
  ];
  return html`<nav class="verdicts" aria-label="Verdicts">
    <ul>
      ${tabs.map(([title, verdict, count]) => {
        const sum = rules.reduce((total, rule) => total + count(rule), 0);
        const current = links.query.verdict === verdict ? html` aria-current="true"` : nothing;
        return html`<li>
          <a href="${links.to({ verdict, reason: null, page: 1 })}" ${current}
            >${title} <span class="count">${formatCount(sum)}</span></a
          >
        </li>`;
      })}
    </ul>
  </nav> `;
}

function renderEmpty(report: SweepReport, { matched, pages }: SelectedGroups, links: Links): Html {
  if (matched === 0) return html`<p class="quiet empty" role="status">${explainEmpty(report, links)}</p>`;
  return html`<p class="quiet empty" role="status">
    There is no page ${links.query.page}: <a href="${links.to({ page: pages })}">the last one is ${pages}</a>.
  </p>`;
}

/** How many a sentence names. */
const namedGateways = 5;

/** A gateway that could not be read may hold anything. */
function explainEmpty({ gateways }: SweepReport, { query }: Links): string {
  if (gateways.length === 0) return "No gateway is known.";
  const unread = askedGateways(gateways, query)
    .filter(({ snapshot }) => snapshot === null)
    .map(({ name }) => showText(name));
  const more = unread.length > namedGateways ? ` and ${unread.length - namedGateways} more` : "";
  const named = unread.slice(0, namedGateways).join(", ");
  const rest = unread.length === 0 ? [] : [`The groups of ${named}${more} are not known.`];
  if (isFiltered(query)) return ["No group matches the filter.", ...rest].join(" ");
  return [...(unread.length === gateways.length ? [] : ["The gateways hold no groups."]), ...rest].join(" ");
}

const orderWords: Readonly<Record<Sort, string>> = {
  expiry: "the next to expire first",
  age: "the oldest first",
  labels: "by labels",
};

/** `101 to 200 of 1,234 groups, by labels`. */
function describeRange({ groups, matched }: SelectedGroups, { query }: Links): string {
  const first = (query.page - 1) * query.perPage + 1;
  const last = first + groups.length - 1;
  const range = groups.length === matched ? "" : `${formatCount(first)} to ${formatCount(last)} of `;
  const { expiresFrom, expiresUntil } = query;
  const from = expiresFrom === null ? "" : ` from ${formatMinute(expiresFrom)}`;
  const until = expiresUntil === null ? "" : ` until ${formatMinute(expiresUntil)}`;
  const expiring = `${from}${until}` === "" ? "" : `, expiring${from}${until} UTC`;
  return `${range}${countOf(matched, "group")}${expiring}, ${orderWords[query.sort]}`;
}

/** What the reasons in a list of groups mean. */
function renderReasons(groups: readonly LocatedGroup[]): Html {
  const reasons = [...new Set(groups.map(({ entry }) => entry.verdict.reason))];
  return html`<details class="legend">
    <summary>What the reasons mean</summary>
    <dl>
      ${reasons.map(
        (reason) =>
          html`<dt><code>${reason}</code></dt>
            <dd>${reasonWords[reason]}</dd> `,
      )}
    </dl>
  </details>`;
}

interface Decided {
  /** null: in a file. */
  readonly links: Links | null;
  readonly rules: readonly Rule[];
}

function* renderGroups(
  report: SweepReport,
  groups: readonly LocatedGroup[],
  now: number,
  decided: Decided | null,
): Generator<Html> {
  const links = decided?.links ?? null;
  yield trusted('<div class="wide"><table class="groups">\n');
  yield html`<caption class="hidden">
      Groups: their verdicts, ages and when they expire
    </caption>
    <thead>
      <tr>
        ${renderHeading("Group", "labels", "ascending", links)}
        <th scope="col">Verdict</th>
        <th scope="col">Rule</th>
        ${renderHeading("Age / TTL", "age", "descending", links)}
        ${renderHeading("Expires, UTC", "expiry", "ascending", links)}
        <th scope="col" class="number">Series</th>
      </tr>
    </thead> `;
  yield trusted("<tbody>\n");
  const many = report.gateways.length > 1;
  const surveys = new Map<GatewayReport, Pushes>();
  for (const { gateway, entry } of groups) {
    const pushes = surveys.get(gateway) ?? surveyGateway(gateway);
    surveys.set(gateway, pushes);
    const origin = renderOrigin(gateway, many, now);
    const metrics = links === null ? nothing : renderMetricsLink(gateway, entry.group);
    const where =
      decided === null ? origin : renderWhy(entry, origin, { rules: decided.rules, pushes, metrics });
    yield renderRow(viewRow(entry), where, now, links);
  }
  yield trusted("</tbody></table></div>\n");
}

function surveyGateway({ entries, snapshot }: GatewayReport): Pushes {
  const groups = entries.map(({ group }) => group);
  return surveyPushes(groups, snapshot?.takenAt ?? null);
}

function renderHeading(
  title: string,
  sort: Sort,
  direction: "ascending" | "descending",
  links: Links | null,
): Html {
  if (links === null) return html`<th scope="col">${title}</th>`;
  if (links.query.sort === sort) return html`<th scope="col" aria-sort="${direction}">${title}</th>`;
  return html`<th scope="col"><a href="${links.to({ sort, page: 1 })}">${title}</a></th>`;
}

/** The gateway where there are several, and when the group was seen if that is not now. */
function renderOrigin(gateway: GatewayReport, many: boolean, now: number): Html {
  const seenAt = outdatedSince(gateway);
  if (!many && seenAt === null) return nothing;
  const name = many ? html`<bdi>${showText(gateway.name)}</bdi>` : nothing;
  const seen = seenAt === null ? nothing : html`${many ? ", " : ""}last seen ${renderMoment(seenAt, now)}`;
  return html`<span class="where">${name}${seen}</span>`;
}

interface Whys {
  readonly rules: readonly Rule[];
  readonly pushes: Pushes;
  /** A link; nothing in a file. */
  readonly metrics: Html;
}

/** Unfolds to how the decision was made, as `explain` prints it. */
function renderWhy(entry: ReportEntry, origin: Html, { rules, pushes, metrics }: Whys): Html {
  const { group, verdict, rule } = entry;
  const explanation = explain(rules, group.labels);
  const numbers = describeNumbers(entry, { pushes });
  const changed = (rule?.name ?? null) !== (explanation.deciding?.name ?? null);
  const lines = [
    ...explanation.rules.map((one) => describeMatch(one, explanation)),
    ...describeDeciding(explanation),
    ...(changed ? ["The rules have changed since: the next sweep decides by these."] : []),
    ...(numbers === null ? [] : [numbers]),
    `${verdict.verdict} (${verdict.reason}): ${reasonWords[verdict.reason]}.`,
  ];
  return html`<details class="more">
    <summary>${origin} Details</summary>
    <ul class="why">
      ${lines.map((line) => html`<li>${showText(line)}</li> `)} ${metrics}
    </ul>
  </details>`;
}

/** A longer one may not fit into a request. */
const maxKeyLength = 1000;

/** The metrics are read when somebody asks for them: a service keeps none. */
function renderMetricsLink({ name }: GatewayReport, { key }: Group): Html {
  if (key.length > maxKeyLength) return nothing;
  const query = new URLSearchParams({ gateway: name, key }).toString();
  return html`<li><a class="metrics" href="group?${query}">Its metrics</a></li>`;
}

function renderRow(row: Row, where: Html, now: number, links: Links | null): Html {
  const { labels, rule, series, outcome } = row;
  const group =
    labels === null ? html`<span class="quiet">${hiddenLabels}</span>` : renderLabels(labels, links);
  return html`<tr class="${isGone(outcome) ? "gone" : ""}">
    <th scope="row">${group}${where}</th>
    <td>${renderVerdict(row)}</td>
    <td class="rule">${rule === null ? html`<span class="quiet">none</span>` : html`<bdi>${rule}</bdi>`}</td>
    <td class="age">${renderAge(row)}</td>
    <td class="expires">${renderExpiry(row, now)}</td>
    <td class="number series">${series ?? "–"}</td>
  </tr> `;
}

const tones = { keep: "plain", delete: "accent", withhold: "warn" } as const;

function renderVerdict({ verdict, reason, outcome, fate }: Row): Html {
  const tone = isFailedDeletion(outcome) ? "bad" : tones[verdict];
  return html`<span class="pill ${tone}">${fate}</span> <span class="reason">${reason}</span>`;
}

function renderAge({ ageSeconds, ttlSeconds, ttlSource, ttlUsed }: Row): Html {
  const age = ageSeconds === null ? "unknown" : formatAge(ageSeconds);
  const ttl =
    ttlSeconds === null ? nothing : html` <span class="quiet">of ${formatDuration(ttlSeconds)}</span>`;
  const vanished = ttlSource === "vanished" ? html`<span class="where">host vanished</span>` : nothing;
  return html`<span class="ratio">${age}${ttl}</span
    >${vanished}${ttlUsed === null ? nothing : renderBar(ttlUsed)}`;
}

/** From here on a bar says that it is getting late. */
const lateRatio = 0.75;

/**
 * How much of the TTL is over. It is an SVG, because the Content-Security-Policy forbids a width in a style attribute. A bar cannot be
 * more than full, so the text has the number.
 */
function renderBar(ratio: number): Html {
  const percent = Math.floor(ratio * 100);
  const tone = ratio > 1 ? "over" : ratio >= lateRatio ? "late" : "early";
  const width = (Math.min(1, ratio) * 100).toFixed(1);
  return html`<svg
    class="bar ${tone}"
    role="meter"
    aria-label="TTL used"
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow="${Math.min(100, percent)}"
    aria-valuetext="${percent} %"
    width="100%"
    height="6"
  >
    <rect class="track" width="100%" height="6" rx="3" />
    <rect class="used" width="${width}%" height="6" rx="3" />
  </svg>`;
}

function renderExpiry({ expiresAt, verdict, outcome }: Row, now: number): Html {
  if (isGone(outcome)) return html`<span class="quiet">is gone</span>`;
  if (expiresAt === null) return html`<span class="quiet">${verdict === "keep" ? "never" : "unknown"}</span>`;
  return html`${renderMoment(expiresAt, now)} <span class="date">${renderDate(expiresAt)}</span>`;
}

/** Links to the other pages; nothing if there is only one. */
function renderPager(pages: number, links: Links): Html {
  const { page } = links.query;
  if (pages === 1) return nothing;
  const step = (title: string, rel: string, to: number): Html =>
    to < 1 || to > pages
      ? html`<li><span class="off" aria-hidden="true">${title}</span></li>`
      : html`<li><a rel="${rel}" href="${links.to({ page: to })}">${title}</a></li>`;
  return html`<nav class="pager" aria-label="Pages">
    <ul>
      ${step("Previous", "prev", page - 1)}
      ${numbersAround(page, pages).map((number) => renderPageLink(number, links))}
      ${step("Next", "next", page + 1)}
    </ul>
  </nav> `;
}

/** @param number null: a gap */
function renderPageLink(number: number | null, links: Links): Html {
  if (number === null) return html`<li class="gap">…</li>`;
  const current = number === links.query.page ? html` aria-current="page"` : nothing;
  return html`<li>
    <a href="${links.to({ page: number })}" aria-label="Page ${number}" ${current}>${formatCount(number)}</a>
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
