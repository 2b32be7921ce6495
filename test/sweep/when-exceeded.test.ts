import { expect, it, onTestFinished } from "vitest";
import type { Limits } from "../../src/core/limits.ts";
import { type GatewayReport, findFailureReason } from "../../src/core/report.ts";
import { countGroups } from "../../src/core/totals.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { RequestError } from "../../src/http/request-error.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits, ttlRule } from "../support/core-values.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { fatesByJob, gatewayAt, sweepContext } from "../support/sweep-context.ts";

/** Sweeps a gateway with four expired groups, `job-0` the oldest, and one that is alive. */
async function sweep(
  some: Partial<Limits>,
  dryRun = false,
  change: (client: Gateway) => Partial<Gateway> = () => ({}),
): Promise<GatewayReport> {
  const now = Date.now() / 1000;
  const ages = [9000, 8000, 7000, 6000, 10];
  const gateway = await startPushgateway({
    groups: ages.map((age, index) => ({ labels: { job: `job-${index}` }, pushTime: now - age })),
  });
  onTestFinished(() => gateway.stop());
  const client = gatewayAt(gateway.url);
  onTestFinished(() => client.close());
  return sweepGateway(sweepContext({ ...client, ...change(client) }), {
    rules: [ttlRule(3600)],
    limits: limits({ whenExceeded: "delete_oldest", maxOutageSeconds: 0, ...some }),
    dryRun,
  });
}

it("delete_oldest deletes the oldest groups, and withholds the rest with the limit as the reason", async () => {
  const report = await sweep({ maxDeletes: 2 });
  expect(fatesByJob(report)).toEqual({
    "job-0": "gone",
    "job-1": "gone",
    "job-2": "max_deletes",
    "job-3": "max_deletes",
    "job-4": "within_ttl",
  });
  expect(report).toMatchObject({
    status: "withheld",
    error: {
      code: "max_deletes",
      message:
        "4 of 5 groups have expired, more than limits.max_deletes = 2 allows; only the 2 oldest are deleted.",
    },
    exceededLimit: { reason: "max_deletes", allowed: 2, toPass: { maxDeletes: 4 } },
  });
  expect(findFailureReason(report)).toBe("max_deletes");
  expect(countGroups(report.entries)).toMatchObject({ expired: 4, deleted: 2, verdicts: { withhold: 2 } });
});

it("a dry run shows the same, without outcomes", async () => {
  const report = await sweep({ maxDeleteRatio: 0.4, ratioMinGroups: 1 }, true);
  expect(fatesByJob(report)).toMatchObject({
    "job-0": "ttl_expired",
    "job-1": "ttl_expired",
    "job-2": "max_delete_ratio",
  });
  expect(report).toMatchObject({ status: "withheld", exceededLimit: { allowed: 2 } });
});

it("a limit of 0 still deletes nothing", async () => {
  const report = await sweep({ maxDeletes: 0 });
  expect(report.status).toBe("withheld");
  expect(countGroups(report.entries)).toMatchObject({ deleted: 0, verdicts: { withhold: 4 } });
});

it("the error of a failed deletion matters more than the limit", async () => {
  const report = await sweep({ maxDeletes: 1 }, false, ({ url }) => ({
    deleteGroup: () =>
      Promise.reject(new RequestError("http_status", { method: "DELETE", url }, "HTTP 403", undefined, 403)),
  }));
  expect(report).toMatchObject({ status: "partial", error: { code: "http_status" } });
  expect(fatesByJob(report)).toMatchObject({ "job-0": "failed", "job-1": "max_deletes" });
});
