import type { SweepReport } from "../core/report.ts";
import { renderAttention } from "./html/attention.ts";
import { renderDeletions, type PageDeletion } from "./html/deletions.ts";
import { renderDocument } from "./html/document.ts";
import { renderGateway, renderGateways, renderUnreadGateway } from "./html/gateways.ts";
import { renderRows } from "./html/groups.ts";
import { renderHeader, renderFooter } from "./html/header.ts";
import { createLinks } from "./html/links.ts";
import { renderGroupsSection } from "./html/groups-section.ts";
import { renderRules } from "./html/summary.ts";
import { html } from "./html/template.ts";
import type { QueryProblem, ReportQuery } from "./query.ts";
import { countRules } from "./rule-totals.ts";
import type { Selection } from "./select.ts";
import { showText } from "./text.ts";
import { viewGateway } from "./view.ts";

/** Everything the page shows; the service puts it together. Times are Unix seconds of the local clock. */
export interface PageState {
  /** What is known of the gateways; null: nothing yet. */
  readonly report: SweepReport | null;
  /** null: there was no sweep yet. */
  readonly lastSweepAt: number | null;
  /** null: none is due. */
  readonly nextSweepAt: number | null;
  readonly now: number;
  readonly dryRun: boolean;
  /** As in the configuration, five or six fields of cron. */
  readonly schedule: string;
  readonly timezone: string;
  /** As configured now: those that have not been read yet are shown, too. */
  readonly gateways: readonly { readonly name: string; readonly url: string }[];
  /** Newest first. */
  readonly recentDeletions: readonly PageDeletion[];
  /** Nothing is known of deletions before; null: those in the archive are known. */
  readonly deletionsSince: number | null;
  /** Why the last reload failed, all problems as text; null if it did not. */
  readonly configProblem: string | null;
  readonly version: string;
}

/**
 * Renders the page in parts. Pure.
 * @param selected the groups to show, or why the query cannot be answered: the page says so. null: there is no report
 * @param nonce of the Content-Security-Policy, for its one style and its one script
 */
export function renderPage(
  state: PageState,
  query: ReportQuery,
  selected: Selection | QueryProblem | null,
  nonce: string,
): Generator<string> {
  const { report, now, nextSweepAt } = state;
  const planOnly = report?.dryRun ?? true;
  const views = (report?.gateways ?? []).map((gateway) => viewGateway(gateway, planOnly));
  const moments = { now, nextSweepAt };
  const known = new Set(report?.gateways.map(({ name }) => name));
  const unread = state.gateways.filter(({ name }) => !known.has(name));
  const rules = report === null ? [] : countRules(report);
  const links = createLinks(query);
  const problem = selected !== null && "message" in selected ? selected : null;
  const selection = selected !== null && "groups" in selected ? selected : null;
  const body = html`<a class="skip" href="#groups">Skip to the groups</a>
    ${renderHeader(state)}
    <main>
      ${renderAttention(views, state.configProblem)}
      ${renderGateways([
        ...views.map((view) => renderGateway(view, moments)),
        ...unread.map(({ name, url }) => renderUnreadGateway(showText(name), showText(url), moments)),
      ])}
      <div class="pair">${renderRules(rules, planOnly, now, links)} ${renderDeletions(state)}</div>
      ${renderGroupsSection({
        report,
        selection,
        now,
        nextSweepAt,
        problem,
        links,
        rules,
      })}
    </main>
    ${renderFooter(state.version, links)} `;
  const rows = report === null || selection === null ? [] : renderRows(report, selection.groups, now, links);
  return renderDocument({ title: titleOf(views), nonce }, body, rows);
}

/** What is wrong comes first, so that it shows in a row of tabs. */
function titleOf(views: readonly { readonly status: string; readonly consistent: boolean | null }[]): string {
  const troubled = views.filter(({ status, consistent }) => status !== "ok" || consistent === false).length;
  return troubled === 0 ? "pushgateway-janitor" : `(${troubled}) pushgateway-janitor`;
}
