import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import { createLabels } from "../../../src/core/labels.ts";
import { parseMatchers } from "../../../src/core/matcher.ts";
import type { SweepReport } from "../../../src/core/report.ts";
import { matchesAll } from "../../../src/core/rule.ts";
import { parseReportQuery, type QueryProblem } from "../../../src/report/query.ts";
import {
  createFilters,
  type LabelFilter,
  type PrepareFilter,
} from "../../../src/service/web/label-filter.ts";
import { group } from "../../support/core-values.ts";
import { hostileValues } from "../../support/hostile.ts";
import { plannedGateway } from "../../support/page-state.ts";
import { createRandom } from "../../support/random.ts";
import { sweepReport } from "../../support/reports.ts";

const groups = hostileValues.map(([, value], index) => group({ job: `job_${index}`, value }, 60));
const report = sweepReport([plannedGateway([...groups, group({ job: "bare" }, 60)], [])]);

/** Takes RE2 minutes: each character leads to states that it has not seen before. */
const slow = '{value=~"(a|b)*a(a|b){100}"}';
const random = createRandom(1);
const slowGroups = Array.from({ length: 300 }, () => {
  const value = Array.from({ length: 2000 }, () => (random() < 0.5 ? "a" : "b")).join("");
  return group({ job: "a", value }, 60);
});
const slowReport = sweepReport([plannedGateway(slowGroups, [])]);

function prepare(
  filters: PrepareFilter,
  match: string,
  of: SweepReport = report,
  client = "192.0.2.1",
): Promise<LabelFilter | QueryProblem> {
  const { query } = parseReportQuery(new URLSearchParams({ match }));
  return filters(of, query, client);
}

describe("a filter", () => {
  it.each([
    "",
    '{job="bare"}',
    '{value!=""}',
    '{value=~".*<.*"}',
    '{value!~".*<.*", job=~"job_1.*"}',
    '{value=~""}',
    '{value!~"", value=~"(?i).*X.*"}',
    '{absent=~".*", job!~"job_[0-9]"}',
    '{value=~".+"}',
  ])("%s decides as the rules' matchers do", async (match) => {
    const filter = await prepare(createFilters(), match);
    if (typeof filter !== "function") throw new Error(filter.message);
    const matchers = parseMatchers(match);
    for (const { entries } of report.gateways) {
      for (const { group: one } of entries) {
        expect(filter(one.labels)).toBe(matchesAll(matchers, one.labels));
      }
    }
  });

  it("explains a bad regular expression, with its position", async () => {
    expect(await prepare(createFilters(), '{job=~"a("}')).toMatchObject({
      code: "bad_query",
      parameter: "match",
      message: 'match: "a(" is not a regular expression (RE2): missing closing ): `a(`',
      offset: 6,
    });
  });

  it("that takes too long is given up, holds up nothing meanwhile, and harms no other", async () => {
    const filters = createFilters({ limitMs: 1000 });
    const answered = prepare(filters, slow, slowReport).then(() => "answered");
    for (let turn = 0; turn < 10; turn += 1) {
      expect(await Promise.race([answered, sleep(5, "not held up")])).toBe("not held up");
    }
    await answered;
    expect(await prepare(filters, slow, slowReport)).toMatchObject({
      code: "filter_too_slow",
      message: "match: this filter takes longer than 1 s: use simpler regular expressions",
    });
    const filter = await prepare(filters, '{job=~"b.*"}');
    expect(typeof filter === "function" && filter(createLabels([["job", "bare"]]))).toBe(true);
  });

  it("is refused to a client that has several waiting, and clients take turns", async () => {
    const filters = createFilters({ limitMs: 100 });
    const order: string[] = [];
    const ask = async (client: string, match: string): Promise<void> => {
      const result = await prepare(filters, match, slowReport, client);
      order.push(`${client} ${typeof result === "function" ? "ok" : result.code}`);
    };
    const crowd = Array.from({ length: 7 }, () => ask("crowd", slow));
    await Promise.all([...crowd, ask("other", '{job=~"a"}')]);
    expect(order.filter((one) => one === "crowd busy")).toHaveLength(2);
    expect(order.indexOf("other ok")).toBeLessThan(order.lastIndexOf("crowd filter_too_slow") - 2);
  });
});
