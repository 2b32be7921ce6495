import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { send } from "./http.ts";
import { emptyFamilyPush, getJson, getText, nativeHistogramPush, push } from "./push.ts";
import { installedGateways, startPushgateway, type PushgatewayOptions } from "./pushgateway.ts";

interface Group {
  readonly labels: Record<string, string>;
  readonly last_push_successful: boolean;
  readonly [family: string]: unknown;
}

async function readGroups(url: string): Promise<readonly Group[]> {
  return (await getJson<{ data: Group[] }>(url, "/api/v1/metrics")).data;
}

async function jobs(url: string): Promise<readonly string[]> {
  return (await readGroups(url)).map((group) => group.labels["job"] ?? "").toSorted();
}

describe.each(installedGateways)("a real gateway $name", (gateway) => {
  const start = async (options: PushgatewayOptions = {}) => {
    const started = await startPushgateway({ gateway, ...options });
    onTestFinished(() => started.stop());
    return started;
  };

  test("starts with groups of the ages that were asked for", async () => {
    const { url } = await start({
      groups: [
        { labels: { job: "old" }, pushTime: 1_000_000_000.25, failTime: 1_000_000_600 },
        { labels: { job: "never", instance: "a b" }, pushTime: 0, failTime: 1_500_000_000 },
      ],
    });
    const groups = await readGroups(url);
    expect(groups.find((group) => group.labels["job"] === "old")).toMatchObject({
      labels: { job: "old" },
      last_push_successful: false,
      push_time_seconds: {
        time_stamp: "2001-09-09T01:46:40.25Z",
        metrics: [{ labels: { instance: "", job: "old" }, value: "1.00000000025e+09" }],
      },
      push_failure_time_seconds: { metrics: [{ value: "1.0000006e+09" }] },
    });
    expect(groups.find((group) => group.labels["job"] === "never")).toMatchObject({
      labels: { job: "never", instance: "a b" },
      push_time_seconds: { time_stamp: "2017-07-14T02:40:00Z", metrics: [{ value: "0" }] },
    });
  });

  test("starts with metrics of every type", async () => {
    const { url } = await start({
      groups: [
        {
          labels: { job: "types" },
          pushTime: 1_000_000_000,
          metrics: [
            { name: "a_total", help: "A.", type: "counter", samples: [{ labels: { kind: "x" }, value: 3 }] },
            { name: "b", samples: [{ value: Number.NaN }] },
            { name: "c", type: "summary", samples: [{ count: 2, sum: 7.5, quantiles: [[0.5, 3]] }] },
            {
              name: "d",
              type: "histogram",
              samples: [{ count: 300, sum: 20, buckets: [[0.1, 200], [Infinity, 300]] }], // prettier-ignore
            },
          ],
        },
      ],
    });
    expect((await readGroups(url))[0]).toMatchObject({
      a_total: {
        type: "COUNTER",
        help: "A.",
        metrics: [{ labels: { kind: "x", job: "types" }, value: "3" }],
      },
      b: { type: "UNTYPED", metrics: [{ value: "NaN" }] },
      c: { type: "SUMMARY", metrics: [{ count: "2", sum: "7.5", quantiles: { "0.5": "3" } }] },
      d: {
        type: "HISTOGRAM",
        metrics: [{ count: "300", sum: "20", buckets: { "0.1": "200", "+Inf": "300" } }],
      },
    });
    expect(await getText(url, "/metrics")).toContain('a_total{instance="",job="types",kind="x"} 3\n');
  });

  test("answers as soon as it has started", async () => {
    const { url } = await start({ groups: [], routePrefix: "/push/gateway" });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/push\/gateway$/);
    expect(await getText(url, "/-/ready")).toBe("OK");
    expect(await readGroups(url)).toEqual([]);
  });

  test("keeps its groups over a restart, and loses the newest when it is killed", async () => {
    const started = await start({ groups: [{ labels: { job: "seeded" }, pushTime: 1_000_000_000 }] });
    const { url, pid } = started;
    await push(url, { job: "saved" }, "a 1\n");
    await started.restart();
    expect(started.pid).not.toBe(pid);
    expect(await jobs(url)).toEqual(["saved", "seeded"]);

    await push(url, { job: "lost" }, "a 1\n");
    await started.kill();
    await expect(getText(url, "/-/ready")).rejects.toThrow("ECONNREFUSED");
    await started.restart();
    expect(await jobs(url)).toEqual(["saved", "seeded"]);
  });

  test("keeps its state in a file of the test's own", async () => {
    const folder = mkdtempSync(join(tmpdir(), "state-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const stateFile = join(folder, "state");
    const first = await start({ stateFile });
    await push(first.url, { job: "kept" }, "a 1\n");
    await first.stop();
    const second = await start({ stateFile });
    expect(await jobs(second.url)).toEqual(["kept"]);
  });

  test("does not answer while it is paused", async () => {
    const started = await start();
    started.pause();
    await expect(send(started.url, { path: "/-/ready", timeoutMs: 100 })).rejects.toThrow("aborted");
    started.resume();
    expect(await getText(started.url, "/-/ready")).toBe("OK");
  });

  test("says what went wrong when it does not start", async () => {
    await expect(startPushgateway({ gateway, flags: ["--no-such-flag"] })).rejects.toThrow("no-such-flag");
  });

  test("breaks the API with a push time family without samples, until the group is deleted", async () => {
    const { url } = await start();
    expect((await emptyFamilyPush(url, { job: "evil" })).status).toBe(200);
    await expect(getText(url, "/api/v1/metrics")).rejects.toThrow("socket hang up");
    await push(url, { job: "evil" }, "", { method: "DELETE" });
    await push(url, { job: "later" });
    expect(await jobs(url)).toEqual(["later"]);
  });

  test("accepts a native histogram", async () => {
    const { url } = await start();
    expect(await nativeHistogramPush(url, { job: "native" })).toEqual({ status: 200, body: "" });
    expect((await readGroups(url))[0]).toMatchObject({ native_histogram: { type: "HISTOGRAM" } });
  });
});
