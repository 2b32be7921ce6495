import { expect, it } from "vitest";

import { explainReappearance, findReappeared } from "../../src/core/reappearance.ts";
import { group, now, ttlRule } from "../support/core-values.ts";

const back = group({ job: "nightly", instance: "web-1" }, 10);
const deletions = new Map([[back.key, { rule: "hosts", lastActivityAt: now - 9000 }]]);

it("a group that was deleted and pushed again has reappeared, one that was only kept by a kill has not", () => {
  expect(findReappeared([back], deletions)).toEqual([{ rule: "hosts", groups: [back.labels] }]);
  const lost = { ...back, lastSuccessAt: now - 9000 };
  expect(findReappeared([lost], deletions)).toEqual([]);
});

it("the note names the jobs, and for a rule with vanished also what to change there", () => {
  const [one] = findReappeared([back], deletions);
  const note =
    "1 group came back by a push after the deletion: the TTL of rule hosts is shorter than the push interval of these jobs: " +
    '"nightly"';
  expect(explainReappearance(one!, [ttlRule(60, { name: "hosts" })])).toBe(note);
  const vanished = { query: "up", groupLabel: "instance", seriesLabel: "instance", ttlSeconds: 60 };
  expect(explainReappearance(one!, [ttlRule(3600, { name: "hosts", vanished })])).toBe(
    `${note}. If their hosts were only away, raise its vanished.ttl, or extend the range of its query`,
  );
});
