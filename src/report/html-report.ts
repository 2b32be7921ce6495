import type { SweepReport } from "../core/report.ts";
import { formatTime } from "../core/time.ts";
import { renderAttention } from "./html/attention.ts";
import { renderDocument, rowsPlace } from "./html/document.ts";
import { renderGateway, renderGateways } from "./html/gateways.ts";
import { renderGroups, renderRows } from "./html/groups.ts";
import { renderMode } from "./html/header.ts";
import { renderRules } from "./html/summary.ts";
import { html, nothing, type Html } from "./html/template.ts";
import { countOf } from "./html/words.ts";
import { defaultQuery } from "./query.ts";
import { countRules } from "./rule-totals.ts";
import { selectGroups } from "./select.ts";
import { viewGateway } from "./view.ts";

/** Renders the page as one file to keep or to mail, in parts: everything on it, nothing to load, no script. */
export function renderHtml(report: SweepReport): Generator<string> {
  const { dryRun, gateways, finishedAt } = report;
  const moment = (formatTime(finishedAt) ?? "").slice(0, 16).replace("T", " ");
  const views = gateways.map((gateway) => viewGateway(gateway, dryRun));
  const now = momentOf(report);
  const { groups, matched } = selectGroups(
    report,
    { ...defaultQuery, perPage: Number.MAX_SAFE_INTEGER },
    () => true,
  );
  const body = html`<header>
      <div>
        <h1>Pushgateway groups</h1>
        ${renderMode(dryRun)}
        <p>${moment} UTC</p>
      </div>
    </header>
    <main>
      ${renderAttention(views, null)}
      ${renderGateways(views.map((view) => renderGateway(view, { now, nextSweepAt: null })))}
      <div class="pair">${renderRules(countRules(report), dryRun, now, null)}</div>
      ${renderGroupsSection(matched)}
    </main> `;
  const frame = { title: `Pushgateway groups, ${moment} UTC`, nonce: null };
  return renderDocument(frame, body, renderRows(report, groups, now, null));
}

/** What `in 3h` counts from: the moment that the report is about. */
function momentOf({ gateways, finishedAt }: SweepReport): number {
  return gateways.reduce((latest, { snapshot }) => Math.max(latest, snapshot?.plannedFor ?? 0), finishedAt);
}

function renderGroupsSection(count: number): Html {
  if (count === 0) return nothing;
  return html`<section aria-labelledby="groups-title">
    <h2 id="groups-title">Groups</h2>
    <p class="range">${countOf(count, "group")}, the next to expire first</p>
    ${renderGroups(rowsPlace, null)}
  </section> `;
}
