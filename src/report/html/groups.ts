import { formatAge, formatDuration } from "../../core/duration.ts";
import { outdatedSince, type GatewayReport, type SweepReport } from "../../core/report.ts";
import { reasonWords } from "../advice.ts";
import type { Sort } from "../query.ts";
import { hiddenLabels, viewRow, type Row } from "../row.ts";
import type { Selected } from "../select.ts";
import { showText } from "../text.ts";
import { renderLabels } from "./labels.ts";
import type { Links } from "./links.ts";
import { html, nothing, type Html } from "./template.ts";
import { renderBar } from "./bar.ts";
import { renderDate, renderMoment } from "./words.ts";

/** The table of groups around its {@link renderRows}. */
export function renderGroups(rows: Html, links: Links | null): Html {
  return html`<div class="wide">
    <table class="groups">
      <caption class="hidden">
        Groups: their verdicts, ages and when they expire
      </caption>
      <thead>
        <tr>
          ${renderHeading("Group", "labels", "ascending", links)}
          <th scope="col">Verdict</th>
          <th scope="col">Rule</th>
          ${renderHeading(
            "Age / TTL",
            "age",
            "descending",
            links,
          )}${renderHeading("Expires, UTC", "expiry", "ascending", links)}
          <th scope="col" class="number">Series</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div> `;
}

function renderHeading(
  title: string,
  sort: Sort,
  direction: "ascending" | "descending",
  links: Links | null,
): Html {
  if (links === null) return html`<th scope="col">${title}</th>`;
  if (links.query.sort === sort) return html`<th scope="col" aria-sort="${direction}">${title}</th>`;
  return html`<th scope="col"><a href="${links.to({ sort, page: 1 })}#groups">${title}</a></th>`;
}

/** One line for each of a report's groups, with the gateway where there are several, and when it was seen if that is not now. */
export function* renderRows(
  report: SweepReport,
  groups: readonly Selected[],
  now: number,
  links: Links | null,
): Generator<Html> {
  const many = report.gateways.length > 1;
  for (const { gateway, entry } of groups)
    yield renderRow(viewRow(entry), renderOrigin(gateway, many, now), now, links);
}

function renderOrigin(gateway: GatewayReport, many: boolean, now: number): Html {
  const seenAt = outdatedSince(gateway);
  const parts = [
    ...(many ? [html`<bdi>${showText(gateway.name)}</bdi>`] : []),
    ...(seenAt === null ? [] : [html`last seen ${renderMoment(seenAt, now)}`]),
  ];
  if (parts.length === 0) return nothing;
  return html`<span class="where"
    >${parts.map((part, index) => html`${index === 0 ? "" : ", "}${part}`)}</span
  >`;
}

function renderRow(row: Row, where: Html, now: number, links: Links | null): Html {
  const { labels, rule, series } = row;
  const group =
    labels === null ? html`<span class="quiet">${hiddenLabels}</span>` : renderLabels(labels, links);
  return html`<tr class="${isGone(row) ? "gone" : ""}">
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
  const tone = outcome === "failed" || outcome === "still_there" ? "bad" : tones[verdict];
  const word = fate === "gone" ? "deleted" : fate === "withhold" ? "withheld" : fate;
  return html`<span class="pill ${tone}">${word}</span>
    <span class="reason" title="${reasonWords[reason]}">${reason}</span>`;
}

function renderAge({ ageSeconds, ttlSeconds, ttlUsed }: Row): Html {
  const age = ageSeconds === null ? "unknown" : formatAge(ageSeconds);
  if (ttlSeconds === null) return html`<span class="ratio">${age}</span>`;
  const ratio = html`<span class="ratio"
    >${age} <span class="quiet">of ${formatDuration(ttlSeconds)}</span></span
  >`;
  return ttlUsed === null ? ratio : html`${ratio}${renderBar(ttlUsed)}`;
}

function isGone({ outcome }: Row): boolean {
  return outcome === "gone" || outcome === "gone_already";
}

function renderExpiry(row: Row, now: number): Html {
  const { expiresAt, verdict } = row;
  if (isGone(row)) return html`<span class="quiet">is gone</span>`;
  if (expiresAt === null) return html`<span class="quiet">${verdict === "keep" ? "never" : "unknown"}</span>`;
  return html`${renderMoment(expiresAt, now)} <span class="date">${renderDate(expiresAt)}</span>`;
}
