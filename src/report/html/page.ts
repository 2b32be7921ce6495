import { createHash } from "node:crypto";
import type { SweepReport } from "../../core/report.ts";
import type { Rule } from "../../core/rule.ts";
import { isFailure } from "../../core/verdict.ts";
import { formatReportQuery, type QueryProblem, type ReportQuery } from "../query.ts";
import type { PrintSelection, SelectedGroups } from "../select.ts";
import { showText } from "../text.ts";
import { countRules, viewGateway, type GatewayView } from "../view.ts";
import { renderCharts, type ChartHistory } from "./charts.ts";
import { renderActionResult, renderActions, type PageActions } from "./actions.ts";
import { renderAttention, renderGateways } from "./gateways.ts";
import { fileScript } from "./file-script.ts";
import { renderFileGroups, renderGroupsSection } from "./groups.ts";
import { script } from "./page-script.ts";
import { light, style } from "./page-style.ts";
import { createLinks, formatMinute, renderMoment } from "./parts.ts";
import { renderDeletions, renderRules, type PageDeletion } from "./tables.ts";
import { html, nothing, trusted, type Html } from "./template.ts";

/** Everything the page shows; the service puts it together. Times are Unix seconds of the local clock. */
export interface PageState extends ChartHistory {
  /** The known state of the gateways; null: nothing is known yet. */
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
  /** Returns the command that puts a deleted group back; null: it is not archived. */
  readonly restoreCommand: (deletion: PageDeletion) => string | null;
  /** null: nothing can be asked for. */
  readonly actions: PageActions | null;
  /** In force now. */
  readonly rules: readonly Rule[];
  /** Why the last reload failed, all problems as text; null if it did not. */
  readonly configProblem: string | null;
  readonly version: string;
}

/**
 * Renders the page in parts, because all rows together may be large. Pure.
 * @param selected the groups to show, or why the query cannot be answered: the page says so. null: there is no report
 * @param nonce of the Content-Security-Policy, for its one style and its one script
 */
export function renderPage(
  state: PageState,
  query: ReportQuery,
  selected: SelectedGroups | QueryProblem | null,
  nonce: string,
): Generator<string> {
  const { report, now, nextSweepAt } = state;
  const views = (report?.gateways ?? []).map((gateway) => viewGateway(gateway, report?.dryRun ?? true));
  const planOnly = views.every((view) => view.planOnly);
  const moments = { now, nextSweepAt };
  const known = new Set(views.map(({ id }) => id));
  const unread = state.gateways
    .filter(({ name }) => !known.has(name))
    .map(({ name, url }) => ({ name: showText(name), url: showText(url) }));
  const hasTotals = selected !== null && "rules" in selected;
  const totals = hasTotals ? selected.rules : report === null ? [] : countRules(report);
  const links = createLinks(query);
  const troubles = describeTroubles(views, state.configProblem);
  return renderDocument({
    title: [...troubles.map(({ words }) => words), "pushgateway-janitor"].join(", "),
    icon: renderIcon(troubles),
    nonce,
    header: html`<a class="skip" href="#groups">Skip to the groups</a> ${renderHeader(state)}`,
    summary: html`${renderAttention(views, state.configProblem, links)}
      ${renderGateways(views, unread, moments, links)} ${renderCharts(report, state, now, links)}
      <div class="pair">
        ${renderRules(totals, planOnly, now, links, hasTotals ? query.match : "")} ${renderDeletions(state)}
      </div>`,
    groups: renderGroupsSection({ report, selected, now, nextSweepAt, links, totals, rules: state.rules }),
    footer: renderFooter(state.version, query),
  });
}

interface Trouble {
  readonly words: string;
  readonly count: number;
  readonly color: string;
}

/** For title and icon, which are seen in a row of tabs: gateways with failures, then groups that are withheld. */
function describeTroubles(views: readonly GatewayView[], configProblem: string | null): readonly Trouble[] {
  const failed = views.filter(
    ({ status, consistent }) => status === "failed" || status === "partial" || consistent === false,
  ).length;
  const withheld = views
    .flatMap((view) => view.withheld)
    .reduce((sum, { reason, groups }) => sum + (isFailure(reason) ? groups : 0), 0);
  return [
    ...(configProblem === null ? [] : [{ words: "reload failed", count: 1, color: light.bad }]),
    ...(failed === 0 ? [] : [{ words: `${failed} failed`, count: failed, color: light.bad }]),
    ...(withheld === 0 ? [] : [{ words: `${withheld} withheld`, count: withheld, color: light.warn }]),
  ];
}

/** A coloured dot with the first number in it. */
function renderIcon([first]: readonly Trouble[]): string {
  const { count, color } = first ?? { count: 0, color: light.accent };
  const text = count === 0 ? "" : count > 99 ? "99+" : String(count);
  const svg =
    `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><circle cx='16' cy='16' r='16' fill='${color}'/>` +
    `<text x='16' y='22' font-size='${text.length > 2 ? 14 : 18}' font-family='sans-serif' font-weight='bold' text-anchor='middle' fill='#fff'>${text}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/**
 * Renders the page as one file to keep or to mail, in parts: nothing to load.
 * @param rules those that decided; null: others did
 */
export function renderHtml(
  report: SweepReport,
  selection: PrintSelection = {},
  rules: readonly Rule[] | null = null,
): Generator<string> {
  const { dryRun, gateways, finishedAt } = report;
  const title = "Pushgateway groups";
  const moment = `${formatMinute(finishedAt)} UTC`;
  const views = gateways.map((gateway) => viewGateway(gateway, dryRun));
  // `in 3h` counts from the moment that the report is about.
  const now = Math.max(finishedAt, ...gateways.map(({ snapshot }) => snapshot?.plannedFor ?? 0));
  return renderDocument({
    title: `${title}, ${moment}`,
    icon: null,
    nonce: null,
    header: html`<header>
      <div>
        <h1>${title}</h1>
        ${renderMode(dryRun)}
        <p>${moment}</p>
      </div>
    </header>`,
    summary: html`${renderAttention(views, null, null)}
      ${renderGateways(views, [], { now, nextSweepAt: null }, null)} ${renderCharts(report, null, now, null)}
      <div class="pair">${renderRules(countRules(report), dryRun, now, null)}</div>`,
    groups: renderFileGroups(report, selection, now, rules),
    footer: nothing,
  });
}

interface DocumentParts {
  readonly title: string;
  /** A URL. */
  readonly icon: string | null;
  /** Of a page that is served under a Content-Security-Policy; null: a file, which brings its own. */
  readonly nonce: string | null;
  readonly header: Html;
  readonly summary: Html;
  readonly groups: Iterable<Html>;
  readonly footer: Html;
}

/** The script runs wherever the file is opened, and no other does. */
const scriptHash = createHash("sha256").update(fileScript).digest("base64");
const filePolicy = html`<meta
    http-equiv="Content-Security-Policy"
    content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; base-uri 'none'; form-action 'none'"
  />
  <meta name="referrer" content="no-referrer" /> `;

/** One style, one script, nothing from elsewhere. */
function* renderDocument({
  title,
  icon,
  nonce,
  header,
  summary,
  groups,
  footer,
}: DocumentParts): Generator<string> {
  const [policy, attribute, active] =
    nonce === null ? [filePolicy, nothing, fileScript] : [nothing, html` nonce="${nonce}"`, script];
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${policy}<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${icon === null ? nothing : html`<link rel="icon" href="${icon}" /> `}<style${attribute}>${trusted(style)}</style>
<script${attribute}>${trusted(active)}</script>
</head>
<body>
${header}
<main>
${summary}
`.text;
  for (const part of groups) yield part.text;
  yield `</main>\n${footer.text}</body>\n</html>\n`;
}

/** How often the page loads itself again. */
const refreshSeconds = 60;

function renderHeader(state: PageState): Html {
  const { dryRun, lastSweepAt, nextSweepAt, now, schedule, timezone, actions } = state;
  const last = lastSweepAt === null ? html`No sweep yet` : html`Last sweep ${renderMoment(lastSweepAt, now)}`;
  const next = nextSweepAt === null ? nothing : html`, next ${renderMoment(nextSweepAt, now)}`;
  return html`<header>
    <div>
      <h1>pushgateway-janitor</h1>
      ${renderMode(dryRun)}
      <p>${last}${next}. Schedule <code>${schedule}</code> ${timezone}</p>
    </div>
    ${actions === null ? nothing : renderActions(actions, dryRun)}
    <div class="tools" hidden>
      <button type="button" id="refresh" aria-pressed="true" data-seconds="${refreshSeconds}">
        Refresh <span aria-hidden="true"></span>
      </button>
      <button type="button" id="theme" aria-pressed="false">Dark</button>
    </div>
    ${actions === null ? nothing : renderActionResult(actions, now)}
  </header>`;
}

function renderMode(dryRun: boolean): Html {
  return dryRun ? html` <span class="pill accent">Dry run: deletes nothing</span>` : nothing;
}

/** `api/v1/report` is asked for next to the page, with the same parameters. */
function renderFooter(version: string, query: ReportQuery): Html {
  return html`<footer>
    <p>
      pushgateway-janitor ${version}.
      <a href="api/v1/report${formatReportQuery(query)}">This list as JSON</a>, <a href="metrics">metrics</a>,
      <a href="config">configuration</a>
    </p>
  </footer>`;
}
