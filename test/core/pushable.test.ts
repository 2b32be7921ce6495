import { describe, expect, it } from "vitest";

import { createLabels } from "../../src/core/labels.ts";
import { sortOutPushable } from "../../src/core/pushable.ts";

const labels = createLabels([["job", "a"]]);
const target = { labels, utf8Names: true };
const up = { type: "GAUGE", metrics: [{ labels: { job: "a", instance: "" }, value: "1" }] };

function summary(rest: object = {}, own: Record<string, string> = {}): object {
  return {
    type: "SUMMARY",
    metrics: [{ labels: { job: "a", ...own }, sum: "1", count: "2", quantiles: {}, ...rest }],
  };
}

function histogram(rest: object = {}, own: Record<string, string> = {}): object {
  return {
    type: "HISTOGRAM",
    metrics: [{ labels: { job: "a", ...own }, sum: "1", count: "2", buckets: {}, ...rest }],
  };
}

function gauge(own: Record<string, string>, value: unknown = "1"): object {
  return { type: "GAUGE", metrics: [{ labels: { job: "a", ...own }, value }] };
}

describe("metrics that a push can restore", () => {
  it("is everything of an ordinary group, without the push times and the labels that the gateway adds", () => {
    const group = {
      labels: { job: "a" },
      last_push_successful: true,
      push_time_seconds: up,
      push_failure_time_seconds: up,
      up,
    };
    const { families, losses } = sortOutPushable(group, target);
    expect(losses).toEqual([]);
    expect(families).toEqual([
      { name: "up", type: "GAUGE", help: "", series: [{ kind: "plain", labels: new Map(), value: "1" }] },
    ]);
  });

  it("include metrics that replace the group's own members", () => {
    const { families, losses } = sortOutPushable({ labels: up, last_push_successful: up }, target);
    expect(losses).toEqual([]);
    expect(families.map(({ name }) => name)).toEqual(["labels", "last_push_successful"]);
  });

  it("has quantiles and buckets in the order of their numbers", () => {
    const buckets = { "+Inf": "4", "10": "3", "1e-05": "1", "2.5": "2", "-Inf": "0" };
    const [family] = sortOutPushable({ h: histogram({ buckets }) }, target).families;
    const [series] = family?.series ?? [];
    expect(series?.kind === "histogram" && series.parts.map(([bound]) => bound)).toEqual([
      "-Inf",
      "1e-05",
      "2.5",
      "10",
      "+Inf",
    ]);
  });
});

describe("the losses of a push", () => {
  const cases: readonly (readonly [
    what: string,
    group: Record<string, unknown>,
    loss: RegExp,
    left: readonly string[],
  ])[] = [
    [
      "a native histogram",
      { h: histogram({ buckets: [[0, "1", "2", "1"]] }) },
      /^h is a native histogram/,
      ["h"],
    ],
    [
      "a gauge histogram",
      { h: { type: "GAUGE_HISTOGRAM", metrics: [{ labels: {}, value: "0" }] } },
      /^h is a gauge_histogram/,
      [],
    ],
    ["counts that are fractions", { h: histogram({ count: "1.5" }) }, /^h counts fractions/, ["h"]],
    [
      "buckets that are fractions",
      { h: histogram({ buckets: { "1": "0.5" } }) },
      /^h counts fractions/,
      ["h"],
    ],
    ["a family without series", { e: { type: "GAUGE", metrics: [] } }, /^e has no series/, []],
    ["a quantile NaN", { s: summary({ quantiles: { NaN: "1" } }) }, /^s loses the quantile NaN/, ["s"]],
    [
      "an own label le of a histogram",
      { h: histogram({}, { le: "x" }) },
      /^h: a series has a label le of its own/,
      [],
    ],
    [
      "an own label quantile of a summary",
      { s: summary({}, { quantile: "x" }) },
      /label quantile of its own/,
      [],
    ],
    ["a label __name__", { up: gauge({ __name__: "x" }) }, /label __name__/, []],
    [
      "a help text that begins with a space",
      { up: { ...up, help: " x" } },
      /^up has a help text that loses/,
      ["up"],
    ],
    ["bytes that are not UTF-8", { up: gauge({ l: "\uFFFD" }) }, /^up has label values with U\+FFFD/, ["up"]],
    [
      "the name of a part of a summary",
      { s: summary(), s_count: up },
      /^s_count has the name of a part of s/,
      ["s"],
    ],
    ["the name of a part of a histogram", { h: histogram(), h_bucket: up }, /^h_bucket has the name/, ["h"]],
    [
      "a shape that is not the API's",
      { up: { type: "GAUGE", metrics: [{ labels: {} }] } },
      /^up has a shape/,
      [],
    ],
    ["a value that is no number of Go's", { up: gauge({}, "1\nx 2") }, /^up has a shape/, []],
  ];

  it.each(cases)("%s", (_, group, loss, left) => {
    const { families, losses } = sortOutPushable(group, target);
    expect(losses).toEqual([expect.stringMatching(loss)]);
    expect(families.map(({ name }) => name)).toEqual(left);
  });

  it("names that are not legacy ones, if the gateway does not take them", () => {
    const group = { "my.metric": up, up: gauge({ "my.label": "x" }) };
    expect(sortOutPushable(group, target).losses).toEqual([]);
    expect(sortOutPushable(group, { labels, utf8Names: false }).losses).toEqual([
      '"my.metric" has a name that the gateway does not take, and is left out',
      "up: a series has a label name that the gateway does not take, and is left out",
    ]);
  });

  it("nothing where a label le or quantile belongs to the grouping key: the gateway adds it itself", () => {
    const group = { h: histogram({}, { le: "1" }), s: summary({}, { quantile: "1" }) };
    const keyed = createLabels([
      ["job", "a"],
      ["le", "1"],
      ["quantile", "1"],
    ]);
    expect(sortOutPushable(group, { labels: keyed, utf8Names: true }).losses).toEqual([]);
  });

  it("nothing of a summary beside a counter that ends in _bucket", () => {
    expect(sortOutPushable({ s: summary(), s_bucket: up }, target).losses).toEqual([]);
  });
});
