import { stringifyPrintable } from "../core/json.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { renderSelected } from "./json.ts";
import type { QueryProblem, ReportQuery } from "./query.ts";
import type { Selection } from "./select.ts";

/**
 * Renders the groups that a query selected, as --output=json does, and which part of all that is: `matched` groups on
 * `pages` pages. Every gateway asked for is there, with the totals of the whole sweep, also if none of its groups are.
 */
export function renderApiReport(
  report: SweepReport,
  query: ReportQuery,
  { groups, matched, pages }: Selection,
): Generator<string> {
  const byGateway = new Map<GatewayReport, ReportEntry[]>(
    report.gateways
      .filter(({ name }) => query.gateway === null || query.gateway === name)
      .map((gateway) => [gateway, []]),
  );
  for (const { gateway, entry } of groups) byGateway.get(gateway)?.push(entry);
  return renderSelected(report, { page: query.page, pages, per_page: query.perPage, matched }, [
    ...byGateway,
  ]);
}

/** Renders why a query cannot be answered. */
export function renderQueryProblem({ code, parameter, message, offset }: QueryProblem): string {
  return `${stringifyPrintable({ error: { code, parameter, message, offset } }, 2)}\n`;
}
