import { describe, expect, it } from "vitest";

import type { Liveness } from "../../src/core/liveness.ts";
import type { SweepReport } from "../../src/core/report.ts";
import { renderCsv } from "../../src/report/csv.ts";
import { renderHtml } from "../../src/report/html/page.ts";
import { renderJson } from "../../src/report/json-report.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { parseReportQuery } from "../../src/report/query.ts";
import { renderTable } from "../../src/report/table.ts";
import { group, ttlRule } from "../support/core-values.ts";
import { pageState, plannedGateway, renderQuery } from "../support/page-state.ts";
import { sweepReport } from "../support/reports.ts";
import { whole } from "../support/whole.ts";

const vanished = { query: "up", groupLabel: "instance", seriesLabel: "instance", ttlSeconds: 3600 };
const rules = [
  ttlRule(2_592_000, { name: "hosts", matchers: ['job="batch"'], vanished }),
  ttlRule(2_592_000, { name: "down", matchers: ['job="other"'], vanished }),
];
const liveness: Liveness = new Map([
  ["hosts", { ok: true, hosts: new Set(["web-1"]) }],
  ["down", { ok: false, message: "POST http://prometheus/api/v1/query: 503 \u001B[31m<b>" }],
]);
const groups = [
  group({ job: "batch", instance: "web-1" }, 7200),
  group({ job: "batch", instance: "web-8" }, 1800),
  group({ job: "batch", instance: "web-9" }, 7200),
  group({ job: "other", instance: "web-9" }, 7200),
];
const report = sweepReport([plannedGateway(groups, rules, { liveness })], {
  dryRun: true,
  rules: ["hosts", "down"],
});
const sentence =
  "rule down: every host counts as alive, because Prometheus did not say which hosts it knows: POST http://prometheus/api/v1/query: 503 ";

describe("a vanished host, and a query that failed, are in", () => {
  const render = (part: (report: SweepReport) => Iterable<string>): string => whole(part(report));
  const textOf = (markup: string): string => markup.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");

  it("the table", () => {
    const table = render((one) => renderTable(one, { columns: null, color: false }));
    expect(table).toMatch(/\ndelete +host_vanished +hosts +2h +1h +\{job="batch", instance="web-9"\}\n/);
    expect(table).toMatch(/\nkeep +within_ttl +hosts +30m +1h +\{job="batch", instance="web-8"\}\n/);
    expect(table).toContain(`note: ${sentence}\\u001b[31m<b>\n`);
  });

  it("JSON, with totals per rule", () => {
    const { gateways } = JSON.parse(render(renderJson)) as { gateways: object[] };
    expect(gateways).toMatchObject([
      {
        totals: { delete: 1, keep: 3, expired: 1 },
        rules: [
          { rule: "hosts", groups: 3, delete: 1, withhold: 0, keep: 2, expired: 1 },
          { rule: "down", groups: 1, delete: 0, withhold: 0, keep: 1, expired: 0 },
        ],
        failed_queries: [{ rule: "down", message: "POST http://prometheus/api/v1/query: 503 \u001B[31m<b>" }],
        notes: [],
        groups: [
          { verdict: "delete", reason: "host_vanished", ttl_seconds: 3600, ttl_source: "vanished" },
          { verdict: "keep", reason: "within_ttl", ttl_seconds: 3600, ttl_source: "vanished" },
          { reason: "within_ttl", ttl_seconds: 2_592_000, ttl_source: "rule" },
          { reason: "within_ttl", ttl_seconds: 2_592_000, ttl_source: "rule" },
        ],
      },
    ]);
  });

  it("CSV, which has only groups", () => {
    expect(render(renderCsv)).toMatch(/,delete,host_vanished,hosts,,7200,3600,2,.*,vanished\r\n/);
  });

  it("Markdown", () => {
    const text = render(renderMarkdown);
    expect(text).toContain("| delete | `host_vanished` | `hosts` | 2h | 1h | 200 % |");
    expect(text).toContain(`- Note: \`${sentence}\\u001b[31m<b>\``);
  });

  it("the file and the page", () => {
    const page = whole(renderQuery(pageState(report), parseReportQuery(new URLSearchParams())));
    for (const markup of [render(renderHtml), page]) {
      expect(textOf(markup)).toContain("host_vanished its host has vanished, and it is older than");
      expect(textOf(markup)).toContain("2h of 1h host vanished");
      expect(textOf(markup)).toContain(`g rule down: every host counts as alive`);
      expect(markup).toContain("503 \\u001b[31m&#60;b&#62;");
    }
  });
});
