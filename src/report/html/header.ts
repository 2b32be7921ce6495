import { formatReportQuery } from "../query.ts";
import type { Links } from "./links.ts";
import { html, nothing, type Html } from "./template.ts";
import { renderMoment } from "./words.ts";

/** How often the page loads itself again. */
const refreshSeconds = 60;

interface HeaderFacts {
  readonly dryRun: boolean;
  readonly lastSweepAt: number | null;
  readonly nextSweepAt: number | null;
  readonly now: number;
  readonly schedule: string;
  readonly timezone: string;
}

export function renderHeader(facts: HeaderFacts): Html {
  const { dryRun, lastSweepAt, nextSweepAt, now, schedule, timezone } = facts;
  const last = lastSweepAt === null ? html`No sweep yet` : html`Last sweep ${renderMoment(lastSweepAt, now)}`;
  const next = nextSweepAt === null ? nothing : html`, next ${renderMoment(nextSweepAt, now)}`;
  return html`<header>
    <div>
      <h1>pushgateway-janitor</h1>
      ${renderMode(dryRun)}
      <p>${last}${next}. Schedule <code>${schedule}</code> ${timezone}</p>
    </div>
    <div class="tools" hidden>
      <button type="button" id="refresh" aria-pressed="true" data-seconds="${refreshSeconds}">
        Refresh <span aria-hidden="true"></span>
      </button>
      <button type="button" id="theme" aria-pressed="false">Dark</button>
    </div>
  </header>`;
}

export function renderMode(dryRun: boolean): Html {
  return dryRun ? html` <span class="pill accent">Dry run: deletes nothing</span>` : nothing;
}

/** `api/v1/report` is asked for next to the page, with the same parameters. */
export function renderFooter(version: string, { query }: Links): Html {
  return html`<footer>
    <p>
      pushgateway-janitor ${version}.
      <a href="api/v1/report${formatReportQuery(query)}">This list as JSON</a>, <a href="metrics">metrics</a>,
      <a href="config">configuration</a>
    </p>
  </footer>`;
}
