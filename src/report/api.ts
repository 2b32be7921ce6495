import type { GatewayReport, ReportEntry, SweepReport } from "../core/report.ts";
import { gatewayToJson, sweepToJson } from "./json.ts";
import type { QueryProblem, ReportQuery } from "./query.ts";
import { selectGroups } from "./select.ts";

/**
 * Renders the groups that a query selects, as --output=json does, and which part of all that is: `matched` groups on
 * `pages` pages. Every gateway asked for is there, with the totals of the whole sweep, also if none of its groups are.
 */
export function renderApiReport(report: SweepReport, query: ReportQuery): string {
  const { groups, matched, pages } = selectGroups(report, query);
  const byGateway = new Map<GatewayReport, ReportEntry[]>(
    report.gateways
      .filter(({ name }) => query.gateway === null || query.gateway === name)
      .map((gateway) => [gateway, []]),
  );
  for (const { gateway, entry } of groups) byGateway.get(gateway)?.push(entry);
  return toText({
    ...sweepToJson(report),
    page: query.page,
    pages,
    per_page: query.perPage,
    matched,
    gateways: [...byGateway].map(([gateway, entries]) => gatewayToJson(gateway, entries)),
  });
}

/** Renders why a query cannot be answered, for status 400. */
export function renderQueryProblem({ parameter, message, offset }: QueryProblem): string {
  return toText({ error: { code: "bad_query", parameter, message, offset } });
}

function toText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
