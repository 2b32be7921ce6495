import type { ReportEntry, SweepReport } from "../core/report.ts";
import { countByRule, type RuleTotals } from "../core/totals.ts";

/** Totals per rule over all gateways whose groups are known; none while those of none are. */
export function countRules({
  gateways,
  rules,
}: Pick<SweepReport, "gateways" | "rules">): readonly RuleTotals[] {
  const isKnown = gateways.some(({ snapshot }) => snapshot !== null);
  return isKnown ? countByRule(entriesOf(gateways), rules) : [];
}

function* entriesOf(gateways: SweepReport["gateways"]): Generator<ReportEntry> {
  for (const { entries } of gateways) yield* entries;
}
