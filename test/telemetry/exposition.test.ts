import { describe, expect, it } from "vitest";

import { createMetrics } from "../../src/telemetry/metrics.ts";
import { group, keepRule, now, ttlRule } from "../support/core-values.ts";
import { metricScope } from "./read-metrics.ts";
import { mayLackPromtool, runPromtool } from "../support/promtool.ts";
import { entry, gatewayReport, sweepReport, unreadGateway } from "../support/reports.ts";

const odd = 'odd "quotes"\\\n{ж😀}, rule="x"';
const day = ttlRule(86_400, { name: odd });

/** One of everything. */
async function exposition(): Promise<string> {
  const metrics = createMetrics({ version: "1.2.3", revision: "abc", nodeVersion: "v20.19.0" });
  const vanished = { query: "up", groupLabel: "instance", seriesLabel: "instance", ttlSeconds: 60 };
  const rules = ["hour", ttlRule(86_400, { name: odd, vanished }), keepRule("kept", [])];
  metrics.configure(
    metricScope({ gateways: ["g", odd], rules, notifications: [{ name: "notifications[0]" }] }),
  );
  metrics.configLoaded(now - 600);
  metrics.nextSweepAt(now + 300);
  metrics.sweepSkipped("already_running");
  metrics.groupsArchived("g", 5);
  metrics.archiveMeasured({ sizeBytes: 123_456, oldestAt: now - 86_400 });
  metrics.notificationSent("notifications[0]", false);
  for (const seconds of [0.0009, 0.004, 0.2, 12]) metrics.observeDelete("g", seconds);
  const deletion = { verdict: "delete", reason: "ttl_expired" } as const;
  const entries = [
    entry(deletion, { outcome: "gone", series: 7 }),
    entry(deletion, { outcome: "pushed_again" }),
    entry(deletion, { outcome: "failed" }),
    entry(deletion, { outcome: "still_there", rule: day }),
    entry({ verdict: "withhold", reason: "interrupted" }),
    entry({ verdict: "keep", reason: "within_ttl" }, { ageSeconds: 600, expiresAt: now + 3000.5 }),
    entry({ verdict: "keep", reason: "no_rule" }, { rule: null }),
  ];
  metrics.sweepFinished(
    sweepReport([
      gatewayReport(entries, {
        status: "partial",
        consistent: false,
        failedQueries: [{ rule: odd, message: "down" }],
        reappeared: [{ rule: "hour", groups: [group({ job: "a" }, 1).labels] }],
      }),
      unreadGateway("http_status", { name: odd, durationSeconds: 0.02 }),
    ]),
  );
  return metrics.render();
}

describe("the exposition", () => {
  it("after a known sweep is that of the file", async () => {
    await expect(await exposition()).toMatchFileSnapshot("exposition.prom");
  });

  it.skipIf(mayLackPromtool)("has nothing that promtool finds fault with", async () => {
    expect(runPromtool(["check", "metrics"], await exposition())).toEqual({ exitCode: 0, output: "" });
  });

  it("has its content type", () => {
    const build = { version: "1", revision: "", nodeVersion: "" };
    expect(createMetrics(build).contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  });
});
