import { describe, expect, it, onTestFinished } from "vitest";

import { wait } from "../../src/cli/system-clock.ts";
import type { GatewayReport } from "../../src/core/report.ts";
import type { Limits } from "../../src/core/limits.ts";
import type { Rule } from "../../src/core/rule.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { SweepContext } from "../../src/sweep/sweep-context.ts";
import { sweepGateway } from "../../src/sweep/sweep.ts";
import { limits, ttlRule } from "../support/core-values.ts";
import {
  installedGateways,
  startPushgateway,
  type Pushgateway,
  type PushgatewayOptions,
} from "../support/pushgateway.ts";
import { getText, push } from "../support/push.ts";
import { fatesByJob, gatewayAt, sweepContext } from "../support/sweep-context.ts";

const old = (job: string, extra: object = {}): { labels: { job: string }; pushTime: number } => ({
  labels: { job },
  pushTime: 1_000_000_000,
  ...extra,
});

async function start(options: PushgatewayOptions): Promise<Pushgateway> {
  const gateway = await startPushgateway(options);
  onTestFinished(() => gateway.stop());
  return gateway;
}

/** Sweeps under a TTL of an hour, with parts of the client replaced. */
async function sweep(
  { url }: Pushgateway,
  change: (client: Gateway) => Partial<Gateway> = () => ({}),
  {
    context = {},
    limits: some = {},
    rules = [ttlRule(3600)],
  }: { context?: Partial<SweepContext>; limits?: Partial<Limits>; rules?: readonly Rule[] } = {},
): Promise<GatewayReport> {
  const client = gatewayAt(url, 2, context.clock);
  onTestFinished(() => client.close());
  return sweepGateway(sweepContext({ ...client, ...change(client) }, context), {
    rules,
    limits: limits({ maxOutageSeconds: 0, ...some }),
    dryRun: false,
  });
}

/**
 * Sweeps and does something when the plan is made, before the first deletion. A pace of one a second makes sure that there
 * is a wait in which it can happen.
 */
function sweepWithMeanwhile(
  gateway: Pushgateway,
  meanwhile: () => Promise<unknown>,
  change?: (client: Gateway) => Partial<Gateway>,
): Promise<GatewayReport> {
  let happened: Promise<unknown> | undefined;
  const { signal: stop } = new AbortController();
  const context = {
    stop,
    async wait(seconds: number, signal: AbortSignal) {
      // The probes of the gateway's health wait with a signal of their own.
      if (happened !== undefined || signal !== stop) return wait(seconds, signal);
      happened = meanwhile();
      await happened;
    },
  };
  return sweep(gateway, change, { context, limits: { deletesPerSecond: 1 } });
}

/** Does something once, right after the first DELETE was accepted. */
function afterDeletion(client: Gateway, then: () => Promise<unknown>): Partial<Gateway> {
  let done = false;
  return {
    async deleteGroup(...args) {
      await client.deleteGroup(...args);
      if (done) return;
      done = true;
      await then();
    },
  };
}

describe("a group that comes back to life between plan and deletion", () => {
  it("is dropped from the plan and not deleted", async () => {
    const gateway = await start({ groups: [old("revived"), old("gone")] });
    const report = await sweepWithMeanwhile(gateway, () =>
      push(gateway.url, { job: "revived" }, "alive 1\n"),
    );
    expect(fatesByJob(report)).toEqual({ gone: "gone", revived: "pushed_again" });
    expect(report.status).toBe("ok");
    expect(await getText(gateway.url, "/metrics")).toContain('alive{instance="",job="revived"} 1');
  });

  it("is dropped also when its push was refused, by an inconsistent gateway of which only the API answers", async () => {
    const gateway = await start({ groups: [old("revived"), old("gone"), old("twin")] });
    const report = await sweepWithMeanwhile(gateway, async () => {
      await push(gateway.url, { job: "twin", instance: "" }, "x 1\n");
      const refused = await push(gateway.url, { job: "revived" }, "alive 1\n");
      expect(refused.status).not.toBe(200);
    });
    expect(fatesByJob(report)).toMatchObject({ gone: "gone", revived: "pushed_again" });
    expect(await getText(gateway.url, "/api/v1/metrics")).toContain('"job":"revived"');
  });

  it("that something else deletes meanwhile is gone already, and no DELETE is sent", async () => {
    const gateway = await start({ groups: [old("a"), old("b")] });
    const deleted: string[] = [];
    const meanwhile = (): Promise<unknown> => push(gateway.url, { job: "a" }, "", { method: "DELETE" });
    const report = await sweepWithMeanwhile(gateway, meanwhile, (client) => ({
      deleteGroup: (group, ...rest) => {
        deleted.push(group.labels.get("job")!);
        return client.deleteGroup(group, ...rest);
      },
    }));
    expect(fatesByJob(report)).toEqual({ a: "gone_already", b: "gone" });
    expect(deleted).toEqual(["b"]);
  });

  it("after its deletion is reported as pushed again", async () => {
    const gateway = await start({ groups: [old("a")] });
    const report = await sweep(gateway, (client) =>
      afterDeletion(client, () => push(gateway.url, { job: "a" }, "alive 1\n")),
    );
    expect(report).toMatchObject({
      status: "ok",
      entries: [{ verdict: { verdict: "delete" }, outcome: "pushed_again" }],
    });
  });
});

describe("evidence that cannot be fresh enough", () => {
  it("withholds the rest, and the message says which setting to raise", async () => {
    const gateway = await start({ groups: [old("a"), old("b")] });
    const report = await sweep(gateway, undefined, { limits: { maxEvidenceAgeSeconds: 0.0001 } });
    expect(fatesByJob(report)).toEqual({ a: "evidence_too_old", b: "evidence_too_old" });
    expect(report).toMatchObject({ status: "partial", error: { code: "evidence_too_old" } });
    expect(report.error?.message).toContain("raise limits.max_evidence_age (now 0.00 s)");
  });

  it("because the gateway stopped answering withholds the rest, with the request that failed", async () => {
    const gateway = await start({ groups: [old("a"), old("b")] });
    const report = await sweepWithMeanwhile(gateway, () => Promise.resolve(gateway.pause()));
    gateway.resume();
    expect(fatesByJob(report)).toEqual({ a: "evidence_too_old", b: "evidence_too_old" });
    expect(report.error?.message).toContain("GET ");
    expect(report.error?.message).toContain("no answer within 2 s");
  }, 20_000);
});

describe("deletions that the gateway forgets", () => {
  it("because it was killed before it persisted are failed: another process answers, and nothing is certain", async () => {
    const gateway = await start({ groups: [old("a"), old("b")] });
    let deletions = 0;
    const report = await sweep(gateway, (client) => ({
      deleteGroup: async (...args) => {
        await client.deleteGroup(...args);
        deletions += 1;
        if (deletions === 2) {
          await gateway.kill();
          await gateway.restart();
        }
      },
    }));
    expect(fatesByJob(report)).toEqual({ a: "gone", b: "failed" });
    expect(report.status).toBe("partial");
  }, 20_000);

  it("that cannot be verified, because the gateway is gone, are reported as failed", async () => {
    const gateway = await start({ groups: [old("a")] });
    const report = await sweep(gateway, (client) => afterDeletion(client, () => gateway.kill()));
    expect(fatesByJob(report)).toEqual({ a: "failed" });
    expect(report.status).toBe("partial");
  });
});

describe("a gateway that stays unhealthy", () => {
  it("is sent no more deletions", async () => {
    const gateway = await start({ groups: [old("a"), old("b")] });
    let seconds = 0;
    const report = await sweep(
      gateway,
      () => ({
        probeHealth: () =>
          Promise.resolve({
            health: "unhealthy",
            durationSeconds: 0.01,
            problem: "HTTP 500",
            retryAfterSeconds: 0,
          }),
      }),
      {
        limits: { deletesPerSecond: 1 },
        context: {
          // Waiting takes no time here, but the clock says it did.
          clock: { now: () => Date.now() / 1000, monotonic: () => performance.now() / 1000 + seconds },
          wait: async (pause) => {
            seconds += pause;
            await new Promise((resolve) => setImmediate(resolve));
          },
        },
      },
    );
    expect(Object.values(fatesByJob(report))).toContain("gateway_unhealthy");
    expect(report).toMatchObject({ status: "partial", error: { code: "gateway_unhealthy" } });
  });
});

describe("two janitors on one gateway", () => {
  it("do no harm: everything that expired is gone, nothing else, and both report it", async () => {
    const groups = Array.from({ length: 60 }, (_, index) => old(`old-${index}`));
    const gateway = await start({
      groups: [...groups, { labels: { job: "fresh" }, pushTime: Date.now() / 1000 }],
    });
    const reports = await Promise.all([sweep(gateway), sweep(gateway)]);
    for (const report of reports) {
      expect(report.status).toBe("ok");
      const fates = Object.values(fatesByJob(report));
      expect(fates.filter((fate) => fate === "within_ttl").length).toBe(1);
      expect(fates.filter((fate) => fate === "gone" || fate === "gone_already").length).toBe(60);
    }
    expect(await getText(gateway.url, "/metrics")).not.toContain('job="old-');
  });
});

describe("a forged failure time", () => {
  it("in the future does not keep a group for ever", async () => {
    const gateway = await start({
      groups: [old("forger", { failTime: 99_999_999_999, timestamp: 1_000_000_001 }), old("b")],
    });
    expect(fatesByJob(await sweep(gateway))).toEqual({ forger: "gone", b: "gone" });
  });

  it("that shows yesterday does neither", async () => {
    const yesterday = Date.now() / 1000 - 60;
    const gateway = await start({
      groups: [old("forger", { failTime: yesterday, timestamp: 1_000_000_001 }), old("b")],
    });
    expect(fatesByJob(await sweep(gateway))).toEqual({ forger: "gone", b: "gone" });
  });
});

describe("a gateway that refuses every push", () => {
  it("is reported, with a hint to doctor, and nothing that is trying to push is deleted", async () => {
    const gateway = await start({ groups: [old("alive"), old("gone"), old("twin")] });
    await push(gateway.url, { job: "twin", instance: "" }, "x 1\n");
    await push(gateway.url, { job: "alive" }, "x 1\n");
    const report = await sweep(gateway);
    expect(report).toMatchObject({ status: "ok", consistent: false });
    expect(report.notes.join()).toContain("`pushgateway-janitor doctor` names the group");
    expect(fatesByJob(report)).toMatchObject({ alive: "within_ttl", gone: "gone" });
  });

  it.each(installedGateways)(
    "for everybody but the pusher that heals it and poisons it again counts refused pushes as life: $name",
    async (installed) => {
      const gateway = await start({ gateway: installed, groups: [old("a"), old("b"), old("gone")] });
      const evil = { job: "evil", instance: "" };
      await push(gateway.url, { job: "evil" }, "x 1\n");
      await push(gateway.url, evil, "x 1\n");
      for (const job of ["a", "b"]) await push(gateway.url, { job }, "alive 1\n").catch(() => {});
      await push(gateway.url, evil, "", { method: "DELETE" });
      await expect.poll(async () => (await push(gateway.url, { job: "evil" }, "x 1\n")).status).toBe(200);
      const rules = [ttlRule(3600, { since: "last_success" })];
      const report = await sweep(gateway, undefined, { rules });
      expect(fatesByJob(report)).toEqual({
        a: "within_ttl",
        b: "within_ttl",
        evil: "within_ttl",
        gone: "gone",
      });
    },
  );

  it("is not what one job with failing pushes makes of it", async () => {
    const gateway = await start({ groups: [old("gone")] });
    await push(gateway.url, { job: "failing" }, "x 1 1600000000000\n");
    expect(await sweep(gateway)).toMatchObject({ status: "ok", consistent: true });
  });
});
