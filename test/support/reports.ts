import type { Rule } from "../../src/core/rule.ts";
import type { GatewayReport, ReportEntry, SweepReport } from "../../src/core/report.ts";
import type { Outcome, Verdict } from "../../src/core/verdict.ts";
import { group, now, ttlRule } from "./core-values.ts";

/** A sweep over these gateways that ended at {@link now}. */
export function sweepReport(
  gateways: readonly GatewayReport[],
  rest: Partial<SweepReport> = {},
): SweepReport {
  return { startedAt: now - 2, finishedAt: now, dryRun: false, rules: ["hour"], gateways, ...rest };
}

/** A gateway that was read and is well. */
export function gatewayReport(
  entries: readonly ReportEntry[],
  rest: Partial<GatewayReport> = {},
): GatewayReport {
  return {
    name: "g",
    url: "http://g",
    status: "ok",
    durationSeconds: 1.5,
    consistent: true,
    error: null,
    exceededLimit: null,
    snapshot: {
      takenAt: now - 1,
      groups: entries.length,
      sizeBytes: 4096,
      durationSeconds: 0.25,
      source: "api",
      clockSkewSeconds: 0,
      outage: null,
    },
    entries,
    reappeared: [],
    failedQueries: [],
    notes: [],
    ...rest,
  };
}

/** A gateway that could not be read. */
export function unreadGateway(code: string, rest: Partial<GatewayReport> = {}): GatewayReport {
  const error = { code, message: `GET http://g: ${code}` };
  return gatewayReport([], { status: "failed", error, consistent: null, snapshot: null, ...rest });
}

export interface EntryOptions {
  readonly rule?: Rule | null;
  readonly outcome?: Outcome;
  readonly ageSeconds?: number;
  readonly ttlSeconds?: number;
  /** null: never. */
  readonly expiresAt?: number | null;
  readonly series?: number;
}

const hour = ttlRule(3600, { name: "hour" });

/** The decision about one group; two hours old under the rule `hour` by default. */
export function entry(verdict: Verdict, options: EntryOptions = {}): ReportEntry {
  const { rule = hour, outcome, ageSeconds = 7200, ttlSeconds = 3600, series = 3 } = options;
  const { expiresAt = now - ageSeconds + ttlSeconds } = options;
  return {
    group: group({ job: "a", age: String(ageSeconds) }, ageSeconds, { series }),
    verdict,
    rule,
    ageSeconds,
    ttlSeconds,
    ttlSource: "rule",
    expiresAt,
    ...(outcome === undefined ? {} : { outcome }),
  };
}
