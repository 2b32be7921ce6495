import type { Group } from "../../src/core/group.ts";
import { isDeletion } from "../../src/core/decide.ts";
import type { Liveness } from "../../src/core/liveness.ts";
import { createPlan } from "../../src/core/plan.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../../src/core/report.ts";
import { createMatcher } from "../../src/core/matcher.ts";
import { matchesAll, type Rule } from "../../src/core/rule.ts";
import type { Outcome } from "../../src/core/verdict.ts";
import { renderPage, type PageState } from "../../src/report/html/page.ts";
import type { QueryResult, ReportQuery } from "../../src/report/query.ts";
import { selectGroups, type SelectedGroups } from "../../src/report/select.ts";
import { limits, now } from "./core-values.ts";
import { gatewayReport } from "./reports.ts";

/** The report of one gateway with these groups, decided as in a sweep. */
export function plannedGateway(
  groups: readonly Group[],
  rules: readonly Rule[],
  rest: Partial<GatewayReport> & { readonly outcome?: Outcome; readonly liveness?: Liveness } = {},
): GatewayReport {
  const { outcome, liveness, ...facts } = rest;
  const { decisions, failedQueries } = createPlan({
    groups,
    now,
    gatewayStartedAt: null,
    rules,
    limits: limits(),
    ...(liveness && { liveness }),
  });
  const entries = decisions.map((decision): ReportEntry =>
    outcome !== undefined && isDeletion(decision) ? Object.assign({ outcome }, decision) : decision,
  );
  return gatewayReport(entries, { failedQueries, ...facts });
}

/** The page as the service renders it, but for the thread that compiles regular expressions. */
export function renderQuery(state: PageState, result: QueryResult, nonce = "bm9uY2U="): Iterable<string> {
  const { query } = result;
  const selected = () => (state.report === null ? null : selectMatching(state.report, query));
  return renderPage(state, query, result.ok ? selected() : result.problem, nonce);
}

/** The groups that a query selects. */
export function selectMatching(report: SweepReport, query: ReportQuery): SelectedGroups {
  const matchers = query.matchers.map(({ name, operator, value }) => createMatcher(name, operator, value));
  return selectGroups(report, query, (labels) => matchesAll(matchers, labels));
}

/** The state of the page a few minutes after `report`. */
export function pageState(report: SweepReport | null, rest: Partial<PageState> = {}): PageState {
  return {
    report,
    lastSweepAt: report?.finishedAt ?? null,
    nextSweepAt: now + 300,
    now: now + 120,
    dryRun: report?.dryRun ?? false,
    schedule: "*/5 * * * *",
    timezone: "UTC",
    gateways: report?.gateways.map(({ name, url }) => ({ name, url })) ?? [
      { name: "batch", url: "http://gateway:9091" },
    ],
    recentDeletions: [],
    deletionsSince: null,
    restoreCommand: () => null,
    actions: null,
    rules: [],
    sweeps: [],
    deletionsByDay: new Map(),
    configProblem: null,
    version: "0.1.0",
    ...rest,
  };
}
