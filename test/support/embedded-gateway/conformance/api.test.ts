import { describe, expect, test } from "vitest";
import { getJson, send } from "../../http.ts";
import { push } from "../../push.ts";
import { ALL_TYPES } from "./samples.ts";
import { readGroup, readGroups, targets } from "./targets.ts";

describe.each(targets)("$name", (target) => {
  const { start } = target;

  describe("GET /api/v1/metrics", () => {
    test("is an empty list for an empty gateway", async () => {
      const { url } = await start();
      const { headers, body } = await send(url, { path: "/api/v1/metrics" });
      expect(body).toBe('{"status":"success","data":[]}');
      expect(headers["content-type"]).toBe("application/json");
      expect(Date.parse(headers.date ?? "")).toBeCloseTo(Date.now(), -4);
    });

    test("shows each type of metric in its own way, all numbers as text", async () => {
      const { url } = await start();
      expect((await push(url, { job: "a" }, ALL_TYPES)).status).toBe(200);
      const labels = { instance: "", job: "a" };
      const group = await readGroup(url, { job: "a" });
      expect(group).toMatchObject({
        c_total: {
          type: "COUNTER",
          help: "A \\ and\na line.",
          metrics: [{ labels: { ...labels, kind: "x" }, value: "3" }],
        },
        g: { type: "GAUGE", metrics: [{ labels, value: "-1.5" }] },
        u: { type: "UNTYPED", metrics: [{ labels: { ...labels, quoted: 'a"b\\c\nd <ж>' }, value: "NaN" }] },
        s: {
          type: "SUMMARY",
          metrics: [{ labels, quantiles: { "0.5": "1", "0.99": "+Inf" }, sum: "7.5", count: "2000000" }],
        },
        h: {
          type: "HISTOGRAM",
          metrics: [{ labels, buckets: { "0.1": "1", "+Inf": "3000000" }, sum: "2e+07", count: "3000000" }],
        },
      });
      expect(group?.["u"]).not.toHaveProperty("help");
    });

    test("writes numbers as Go does", async () => {
      const { url } = await start();
      await push(url, { job: "a" }, NUMBERS.map(([number], index) => `n${index} ${number}\n`).join(""));
      const group = await readGroup(url, { job: "a" });
      for (const [index, [, text]] of NUMBERS.entries()) {
        expect(group?.[`n${index}`]).toMatchObject({ metrics: [{ value: text }] });
      }
    });

    test("lets a metric hide the members of its group that have the same name", async () => {
      const { url } = await start();
      await push(url, { job: "a", x: "1" }, "labels 1\nlast_push_successful 2\n");
      expect(await readGroups(url)).toMatchObject([
        {
          labels: { type: "UNTYPED", metrics: [{ labels: { job: "a", x: "1", instance: "" }, value: "1" }] },
          last_push_successful: { metrics: [{ value: "2" }] },
          push_time_seconds: { metrics: [{ labels: { job: "a", x: "1", instance: "" } }] },
        },
      ]);
    });

    test("has metrics with any name that JavaScript gives a meaning", async () => {
      const { url } = await start();
      await push(url, { job: "a" }, "__proto__ 1\nconstructor 2\ntoString 3\n");
      const [group] = await readGroups(url);
      expect(Object.keys(group ?? {})).toEqual(
        expect.arrayContaining(["__proto__", "constructor", "toString"]),
      );
    });

    test("shows groups with the times they started with, odd ones too", async () => {
      const { url } = await start({
        groups: [
          { labels: { job: "old", instance: "i" }, pushTime: 1_000_000_000.25, failTime: 1_000_000_600 },
          { labels: { job: "future" }, pushTime: 99_999_999_999, timestamp: 1_500_000_000 },
          { labels: { job: "negative" }, pushTime: -5, timestamp: 1_500_000_000.123456 },
          { labels: { job: "nan" }, pushTime: Number.NaN, failTime: Infinity, timestamp: 0 },
          { labels: {}, pushTime: 1_500_000_000 },
        ],
      });
      expect(await readGroup(url, { job: "old", instance: "i" })).toMatchObject({
        last_push_successful: false,
        push_time_seconds: {
          time_stamp: "2001-09-09T01:46:40.25Z",
          metrics: [{ value: "1.00000000025e+09" }],
        },
        push_failure_time_seconds: { metrics: [{ value: "1.0000006e+09" }] },
      });
      expect(await readGroup(url, { job: "future" })).toMatchObject({
        last_push_successful: true,
        push_time_seconds: { time_stamp: "2017-07-14T02:40:00Z", metrics: [{ value: "9.9999999999e+10" }] },
      });
      expect(await readGroup(url, { job: "negative" })).toMatchObject({
        push_time_seconds: { time_stamp: "2017-07-14T02:40:00.123456Z", metrics: [{ value: "-5" }] },
      });
      expect(await readGroup(url, { job: "nan" })).toMatchObject({
        last_push_successful: false,
        push_time_seconds: { time_stamp: "1970-01-01T00:00:00Z", metrics: [{ value: "NaN" }] },
        push_failure_time_seconds: { metrics: [{ value: "+Inf" }] },
      });
      expect(await readGroup(url, {})).toMatchObject({ last_push_successful: true });
    });

    test("is an error with status 200 when a time has no year that JSON can hold", async () => {
      const { url } = await start({
        groups: [{ labels: { job: "a" }, pushTime: 1, timestamp: 300_000_000_000 }],
      });
      expect(await getJson(url, "/api/v1/metrics")).toMatchObject({
        status: "error",
        errorType: "bad_data",
        error: expect.stringContaining("json: error calling MarshalJSON for type time.Time"),
      });
    });
  });

  test("GET /api/v1/status tells when it started and how it was set up", async () => {
    const before = Date.now();
    const { url } = await start({ checkConsistency: false });
    const { data } = await getJson<{
      data: { start_time: string; flags: object; build_information: object };
    }>(url, "/api/v1/status");
    expect(Date.parse(data.start_time)).toBeGreaterThanOrEqual(before - 1);
    expect(data.flags).toMatchObject({
      "push.disable-consistency-check": "true",
      "web.telemetry-path": "/metrics",
    });
    expect(data.build_information).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    expect("push.enable-utf8-names" in data.flags).toBe(target.utf8Names);
  });
});

const NUMBERS = [
  ["1", "1"],
  ["0", "0"],
  ["-0", "-0"],
  ["123456", "123456"],
  ["999999.5", "999999.5"],
  ["1000000", "1e+06"],
  ["1234567", "1.234567e+06"],
  ["1e20", "1e+20"],
  ["1e21", "1e+21"],
  ["0.0001", "0.0001"],
  ["0.00001", "1e-05"],
  ["1.5e-7", "1.5e-07"],
  ["5e-324", "5e-324"],
  ["1795344749.5509727", "1.7953447495509727e+09"],
  ["inf", "+Inf"],
  ["-Infinity", "-Inf"],
  ["nan", "NaN"],
] as const;
