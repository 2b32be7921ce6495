import { describe, expect, it } from "vitest";

import { createLabels } from "../../src/core/labels.ts";
import { findApiBreakers } from "../../src/doctor/broken-api.ts";
import type { PushTimes } from "../../src/gateway/exposition/push-times.ts";
import { labelText } from "../../src/gateway/exposition/read-samples.ts";

type Samples = readonly (readonly [labels: Readonly<Record<string, string>>, time: number])[];

const times = (samples: Samples) =>
  new Map(samples.map(([labels, time]) => [labelText(createLabels(Object.entries(labels))), time]));

function breakers(success: Samples, failure: Samples) {
  const read: PushTimes = {
    requestedAt: 0,
    durationSeconds: 0,
    clocks: { gateway: 0, local: 0 },
    process: { startedAt: null, allocations: null, deletions: null },
    wanted: null,
    maxKeyLength: 1000,
    success: times(success),
    failure: times(failure),
  };
  return findApiBreakers(read, { utf8Names: false });
}

const healthy = { job: "ok", instance: "" };
const evil = { job: "evil", instance: "a" };

describe("the group that breaks the API", () => {
  it("has a success time and no failure time", () => {
    expect(breakers([[healthy, 10], [evil, 20]], [[healthy, 0]])).toMatchObject([
      { paths: ["/metrics/job/evil/instance/a"], lastSuccessAt: 20 },
    ]); // prettier-ignore
  });

  it("has two spellings where the instance is empty, since the exposition adds an empty one", () => {
    expect(breakers([[{ job: "evil", instance: "" }, 20]], [])).toMatchObject([
      { paths: ["/metrics/job/evil", "/metrics/job/evil/instance@base64/="] },
    ]);
  });

  it("does not exist while every group has both", () => {
    expect(breakers([[healthy, 10]], [[healthy, 0]])).toEqual([]);
  });

  it("is the newest of several, so that a group from before there were failure times comes last", () => {
    const found = breakers(
      [
        [{ job: "ancient", instance: "a" }, 1],
        [evil, 20],
        [{ job: "evil", instance: "b" }, 30],
      ],
      [],
    );
    expect(found.map(({ lastSuccessAt }) => lastSuccessAt)).toEqual([30, 20, 1]);
  });

  it.each([
    ["labels of its own", { ...healthy, forged: "x" }],
    ["an instance of its own", { job: "ok", instance: "forged" }],
  ])("is not one that forged its failure time with %s", (_, forged) => {
    expect(breakers([[healthy, 10], [evil, 20]], [[forged, 5]])).toMatchObject([{ lastSuccessAt: 20 }]); // prettier-ignore
  });
});
