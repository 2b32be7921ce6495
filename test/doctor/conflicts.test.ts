import { describe, expect, it } from "vitest";

import { parseComplaints } from "../../src/doctor/complaints.ts";
import { createHolders, findConflicts } from "../../src/doctor/conflicts.ts";
import { readChunks } from "../support/api-answer.ts";

const naming = { utf8Names: false };

interface Given {
  readonly labels: Readonly<Record<string, string>>;
  readonly pushedAt?: number;
  readonly families?: Readonly<Record<string, { type: string; help?: string; metrics: readonly unknown[] }>>;
}

/** As the API tells a group. */
function apiGroup({ labels, pushedAt = 1000, families = {} }: Given) {
  const time_stamp = "2026-01-01T00:00:00Z";
  const gauge = (value: string) => ({
    time_stamp,
    type: "GAUGE",
    metrics: [{ labels: { instance: "", ...labels }, value }],
  });
  return {
    labels,
    push_time_seconds: gauge(String(pushedAt)),
    push_failure_time_seconds: gauge("0"),
    ...families,
  };
}

function conflicts(lines: readonly string[], groups: readonly Given[]) {
  const complaints = parseComplaints(lines.join("\n"), true);
  const holders = createHolders(complaints, naming);
  const answer = Buffer.from(JSON.stringify({ status: "success", data: groups.map(apiGroup) }));
  readChunks([answer], (read) => holders.visit(read), { naming });
  return findConflicts(complaints, holders, naming);
}

function series(family: string, labels: Readonly<Record<string, string>>, complaint: string): string {
  const pairs = Object.entries(labels).map(([name, value]) => ` label:{name:"${name}"  value:"${value}"} `);
  return `collected metric "${family}" {${pairs.join("")} gauge:{value:0}} ${complaint}`;
}

const twice = "was collected before with the same name and label values";
const times = ["push_time_seconds", "push_failure_time_seconds"];

describe("the offender", () => {
  it("is one finding, however many of its series conflict", () => {
    const lines = times.map((family) => series(family, { instance: "", job: "d" }, twice));
    expect(
      conflicts(lines, [
        { labels: { job: "d" } },
        { labels: { job: "d", instance: "" }, pushedAt: 0 },
        { labels: { job: "other" } },
      ]),
    ).toMatchObject([
      {
        reason: "duplicate_series",
        deletions: [[{ paths: ["/metrics/job/d/instance@base64/="], lastSuccessAt: 0 }]],
      },
    ]);
  });

  it("is either spelling if the API does not show which was pushed", () => {
    const [finding] = conflicts([series("push_time_seconds", { instance: "", job: "d" }, twice)], []);
    expect(finding?.deletions).toMatchObject([
      [{ paths: ["/metrics/job/d/instance@base64/="], series: null }],
      [{ paths: ["/metrics/job/d"], series: null }],
    ]);
  });

  it("is not named if the groups that the complaint was about are gone", () => {
    const line = series("push_time_seconds", { instance: "a", job: "d" }, twice);
    expect(conflicts([line], [{ labels: { job: "other" } }])).toMatchObject([{ deletions: [] }]);
  });

  it("is not the group whose real labels are what the API shows for the bytes of another", () => {
    const line = series(
      "push_time_seconds",
      { instance: "", job: String.raw`d\xff` },
      'has a label named "job" whose value is not utf8: ""',
    );
    const findings = conflicts([line], [
      { labels: { job: "d\uFFFD" }, pushedAt: 0 },
      { labels: { job: "d\uFFFD" } },
    ]); // prettier-ignore
    expect(findings).toMatchObject([
      { deletions: [[{ paths: ["/metrics/job@base64/ZP8"], lastSuccessAt: null }]] },
    ]);
  });

  it("is not certain if a label of a series looks alike in two groups", () => {
    const line = series(
      "a",
      { instance: "", job: "d", x: String.raw`\xff` },
      'has a label named "x" whose value is not utf8: ""',
    );
    const family = {
      type: "GAUGE",
      metrics: [{ labels: { instance: "", job: "d", x: "\uFFFD" }, value: "1" }],
    };
    expect(
      conflicts([line], [
        { labels: { job: "d" }, families: { a: family } },
        { labels: { job: "d", x: "\uFFFD" }, families: { a: family } },
      ]),
    ).toMatchObject([{ deletions: [] }]); // prettier-ignore
  });

  it("is every group that gives one of the gateway's own metrics another type, and no group that does not", () => {
    const line = "gathered metric family go_goroutines has type COUNTER but should have GAUGE";
    const family = (type: string) => ({ go_goroutines: { type, metrics: [] } });
    const [finding] = conflicts([line], [
      { labels: { job: "wrong" }, families: family("COUNTER") },
      { labels: { job: "right" }, families: family("GAUGE") },
      { labels: { job: "other" } },
    ]); // prettier-ignore
    expect(finding?.deletions).toMatchObject([[{ paths: ["/metrics/job/wrong"] }]]);
  });

  it("is a side of those that agree on a type, and a choice", () => {
    const family = (type: string) => ({ t: { type, metrics: [] } });
    const [finding] = conflicts([series("t", { job: "c" }, "is not a COUNTER")], [
      { labels: { job: "a" }, families: family("COUNTER") },
      { labels: { job: "b" }, families: family("COUNTER") },
      { labels: { job: "c" }, families: family("GAUGE") },
    ]); // prettier-ignore
    expect(finding?.deletions).toMatchObject([
      [{ paths: ["/metrics/job/c"] }],
      [{ paths: ["/metrics/job/a"] }, { paths: ["/metrics/job/b"] }],
    ]);
  });

  it("is found in a family called like something of JavaScript's", () => {
    const family = (type: string) => ({ constructor: { type, metrics: [] } });
    const [finding] = conflicts([series("constructor", { job: "c" }, "is not a COUNTER")], [
      { labels: { job: "a" }, families: family("COUNTER") },
      { labels: { job: "c" }, families: family("GAUGE") },
      { labels: { job: "other" } },
    ]); // prettier-ignore
    expect(finding?.sides).toHaveLength(2);
  });
});
