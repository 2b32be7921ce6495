import { describe, expect, it } from "vitest";
import type { Group } from "../../../src/core/group.ts";
import { parseFiniteNumber } from "../../../src/core/numbers.ts";
import { parseTimestamp } from "../../../src/core/time.ts";
import { readGroups } from "../../support/api-answer.ts";

const stamp = "2026-11-24T12:00:00.5Z";
const stampedAt = Date.parse("2026-11-24T12:00:00.500Z") / 1000;

const gauge = (value: string, labels: Record<string, string> = { job: "a" }): object => ({
  time_stamp: stamp,
  type: "GAUGE",
  metrics: [{ labels, value }],
});

const apiGroup = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  labels: { job: "a" },
  last_push_successful: true,
  push_time_seconds: gauge(String(stampedAt)),
  push_failure_time_seconds: gauge("0"),
  ...fields,
});

const decode = (value: unknown, gauges: readonly string[] = []): Group =>
  readGroups([value], { gauges: new Set(gauges) })[0]!;

describe("a group of the API", () => {
  it("has labels, times and the number of series", () => {
    const group = decode(apiGroup({ app: { ...gauge("1"), metrics: [{}, {}, {}] } }));
    expect([...group.labels]).toEqual([["job", "a"]]);
    expect(group).toMatchObject({ obstacle: null, lastSuccessAt: stampedAt, lastFailureAt: 0, series: 5 });
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "last_push_successful"])(
    "is read all the same with a metric called %s",
    (name) => {
      const group = decode(
        JSON.parse(JSON.stringify(apiGroup()).replace(/}$/, `,"${name}":${JSON.stringify(gauge("1"))}}`)),
      );
      expect(group).toMatchObject({ obstacle: null, lastSuccessAt: stampedAt });
    },
  );

  it("whose labels a metric hides is recovered from its push time, which has the complete key", () => {
    const labels = { instance: "x", job: "a", z: "1" };
    const group = decode(apiGroup({ labels: gauge("1"), push_time_seconds: gauge("5", labels) }));
    expect([...group.labels]).toEqual([
      ["job", "a"],
      ["instance", "x"],
      ["z", "1"],
    ]);
    expect(group.obstacle).toBeNull();
  });

  it.each([
    ["an empty instance, which may be the gateway's own", gauge("5", { instance: "", job: "a" })],
    ["no instance at all", gauge("5", { job: "a" })],
    ["no labels", { ...gauge("5"), metrics: [{ value: "5" }] }],
    ["several series", { ...gauge("5"), metrics: [{}, {}] }],
  ])("whose labels a metric hides and whose push time has %s stays unreadable", (_, pushTime) => {
    expect(decode(apiGroup({ labels: gauge("1"), push_time_seconds: pushTime }))).toMatchObject({
      key: "unreadable:0",
      obstacle: "unreadable_labels",
    });
  });

  it("that no path names is unaddressable", () => {
    expect(decode(apiGroup({ labels: { job: "a", x: "\uFFFD" } })).obstacle).toBe("unaddressable");
    expect(decode(apiGroup({ labels: {} })).obstacle).toBe("unaddressable");
  });

  it.each([null, 1, "x", [], {}, { push_time_seconds: gauge("1") }])("is not %j", (value) => {
    expect(() => decode(value)).toThrow(/data\[0\] cannot be read|data is not a list of groups/);
  });
});

describe("a group over its budget", () => {
  const long = "x".repeat(17_000);
  const cut = `${"x".repeat(64)}…`;
  const times = { lastSuccessAt: stampedAt, lastFailureAt: 0, series: 2 };

  it.each<[string, Record<string, string>, [string, string][]]>([
    [
      "a long value",
      { a: long, job: "a" },
      [
        ["job", "a"],
        ["a", cut],
      ],
    ],
    [
      "a long name",
      { [long]: "a", job: "a" },
      [
        ["job", "a"],
        [cut, "a"],
      ],
    ],
    ["a long job", { job: long }, [["job", cut]]],
    [
      "a value that is long as a key",
      { job: "a", z: '"'.repeat(9000) },
      [
        ["job", "a"],
        ["z", `${'"'.repeat(64)}…`],
      ],
    ],
    [
      "many labels",
      Object.fromEntries([
        ...Array.from({ length: 2000 }, (_, at) => [`n${1000 + at}`, "value"]),
        ["z", "1"],
        ["job", "a"],
      ]),
      [["job", "a"], ...Array.from({ length: 9 }, (_, at): [string, string] => [`n${1000 + at}`, "value"])],
    ],
  ])("has %s, and is shown with cut labels that are no key", (_, labels, shown) => {
    const groups = readGroups([apiGroup(), apiGroup({ labels }), apiGroup({ labels })]);
    expect(groups[1]).toMatchObject({ key: "over_budget:1", obstacle: "over_budget", ...times });
    expect([...groups[1]!.labels]).toEqual(shown);
    expect(groups[2]!.key).toBe("over_budget:2");
  });

  it("has labels from its push time if a metric hides them", () => {
    const labels = { instance: "a", job: "a", z: long };
    const group = decode(apiGroup({ labels: gauge("1"), push_time_seconds: gauge("5", labels) }));
    expect(group).toMatchObject({ key: "over_budget:0", obstacle: "over_budget" });
    expect(group.labels.get("z")).toBe(cut);
  });

  it("has no more labels than fit into 16 KiB of JSON", () => {
    const group = decode(
      apiGroup({ labels: { job: "a", z: "x".repeat(16 * 1024 - '[["job","a"],["z",""]]'.length) } }),
    );
    expect(group.key.length).toBe(16 * 1024);
    expect(group.obstacle).toBeNull();
  });

  it("is not one with ten thousand native histograms, of which ten are named", () => {
    const histogram = { metrics: [{ buckets: [] }, { buckets: [] }] };
    const families = Array.from({ length: 10_000 }, (_, at) => [`h${at}`, histogram]);
    const group = decode(apiGroup({ [long]: histogram, ...Object.fromEntries(families) }));
    expect(group).toMatchObject({ obstacle: null, series: 20_004 });
    expect(group.nativeHistograms).toEqual([cut, ...Array.from({ length: 9 }, (_, at) => `h${at}`)]);
  });
});

describe("the time of the last failed push", () => {
  const failure = (family: unknown): number | null =>
    decode(apiGroup({ push_failure_time_seconds: family })).lastFailureAt;

  it("is what the gateway wrote", () => {
    expect(failure(gauge("1.7e+09"))).toBe(1.7e9);
    expect(failure(gauge(String(stampedAt)))).toBe(stampedAt);
  });

  it.each([
    ["later than its time stamp", gauge("99999999999")],
    ["NaN", gauge("NaN")],
    ["infinite", gauge("+Inf")],
    ["negative", gauge("-5")],
    ["empty", gauge("")],
    ["hexadecimal", gauge("0x5")],
    ["a number instead of text", { ...gauge("1"), metrics: [{ value: 5 }] }],
    ["several series", { ...gauge("1"), metrics: [{ value: "1" }, { value: "2" }] }],
    ["a summary", { time_stamp: stamp, type: "SUMMARY", metrics: [{ count: "1", sum: "1" }] }],
    ["without samples", { time_stamp: stamp, type: "GAUGE", metrics: [] }],
  ])("that a pusher forged to be %s counts as its time stamp, the latest it can be", (_, family) => {
    expect(failure(family)).toBe(stampedAt);
  });

  it.each([[undefined], [{}], [{ ...gauge("1"), time_stamp: "yesterday" }], [5]])(
    "is unknown in %j",
    (family) => {
      expect(failure(family)).toBeNull();
    },
  );
});

describe("the time of the last successful push", () => {
  it.each(["NaN", "+Inf", "", "0x5", "1_000", " 1"])("is unknown in %j", (value) => {
    expect(decode(apiGroup({ push_time_seconds: gauge(value) })).lastSuccessAt).toBeNull();
  });

  it("is unknown where the family is missing", () => {
    expect(decode(apiGroup({ push_time_seconds: undefined })).lastSuccessAt).toBeNull();
  });
});

describe("a gauge that sets a TTL", () => {
  it("is read if it has one value, is NaN if it has another number of them, and missing if it is not there", () => {
    const group = decode(
      apiGroup({ one: gauge("60"), two: { ...gauge("1"), metrics: [{ value: "1" }, { value: "2" }] } }),
      ["one", "two", "three", "constructor"],
    );
    expect([...group.gauges]).toEqual([
      ["one", 60],
      ["two", Number.NaN],
    ]);
  });
});

describe("numbers and times of the gateway", () => {
  it.each([
    ["1.7953447495509727e+09", 1795344749.5509727],
    ["0", 0],
    ["-5", -5],
    ["1e3", 1000],
    [".5", 0.5],
  ])("%s is %d", (text, value) => {
    expect(parseFiniteNumber(text)).toBe(value);
  });

  it.each([
    ["2026-11-24T12:00:00Z", 0],
    ["2026-11-24T12:00:00.123456789Z", 0.123456789],
    ["2026-11-24T13:00:00.5+01:00", 0.5],
  ])("%s is a time", (text, fraction) => {
    expect(parseTimestamp(text)).toBeCloseTo(stampedAt - 0.5 + fraction, 6);
  });

  it.each(["", "2026-11-24", "2026-13-24T12:00:00Z", "now", null, 5])("%j is none", (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });
});
