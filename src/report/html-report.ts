import type { SweepReport } from "../core/report.ts";
import { formatTime } from "../core/time.ts";
import { renderAttention } from "./html/attention.ts";
import { renderDocument } from "./html/document.ts";
import { renderGateway, renderGateways } from "./html/gateways.ts";
import { renderGroups } from "./html/groups.ts";
import { renderMode } from "./html/header.ts";
import { renderRules } from "./html/summary.ts";
import { html, nothing, type Html } from "./html/template.ts";
import { countOf } from "./html/words.ts";
import { defaultQuery } from "./query.ts";
import { countRules } from "./rule-totals.ts";
import { selectGroups } from "./select.ts";
import { showText } from "./text.ts";
import { viewRow } from "./row.ts";
import { viewGateway } from "./view.ts";

/** Renders the page as one file to keep or to mail: everything on it, nothing to load, no script. */
export function renderHtml(report: SweepReport): string {
  const { dryRun, gateways, finishedAt } = report;
  const moment = (formatTime(finishedAt) ?? "").slice(0, 16).replace("T", " ");
  const views = gateways.map((gateway) => viewGateway(gateway, dryRun));
  const now = momentOf(report);
  const body = html`<header>
      <div>
        <h1>Pushgateway groups</h1>
        ${renderMode(dryRun)}
        <p>${moment} UTC</p>
      </div>
    </header>
    <main>
      ${renderAttention(views, null)}
      ${renderGateways(views.map((view) => renderGateway(view, dryRun, { now, sweptAt: null, nextSweepAt: null })))}
      <div class="pair">${renderRules(countRules(gateways), dryRun, now, null)}</div>
      ${renderGroupsOf(report, now)}
    </main> `;
  return renderDocument({ title: `Pushgateway groups, ${moment} UTC`, nonce: null }, body);
}

/** What `in 3h` counts from: the moment that the report is about. */
function momentOf({ gateways, finishedAt }: SweepReport): number {
  return gateways.reduce((latest, { snapshot }) => Math.max(latest, snapshot?.plannedFor ?? 0), finishedAt);
}

function renderGroupsOf(report: SweepReport, now: number): Html {
  const everything = { ...defaultQuery, perPage: Number.MAX_SAFE_INTEGER };
  const { groups, matched } = selectGroups(report, everything);
  if (matched === 0) return nothing;
  const many = report.gateways.length > 1;
  const rows = groups.map(({ gateway, entry }) => ({
    gateway: many ? showText(gateway.name) : null,
    row: viewRow(entry),
  }));
  return html`<section aria-labelledby="groups-title">
    <h2 id="groups-title">Groups</h2>
    <p class="range">${countOf(matched, "group")}, the next to expire first</p>
    ${renderGroups(rows, now, null)}
  </section> `;
}
