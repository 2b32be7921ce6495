import { expect, it } from "vitest";

import { decodeGroup } from "../../src/gateway/decode-group.ts";
import { longAnswer } from "./long-answer.ts";

it("is an answer of the API of 1,000 groups, at least as long as told", () => {
  const text = Buffer.concat([...longAnswer(5e6, 1_800_000_000)]).toString();
  expect(text.length).toBeGreaterThan(5e6);
  const { status, data } = JSON.parse(text) as { status: string; data: readonly unknown[] };
  const groups = data.map((value, index) =>
    decodeGroup(value, index, { naming: { utf8Names: false }, gauges: new Set() }),
  );
  expect(status).toBe("success");
  expect(new Set(groups.map((group) => group?.key)).size).toBe(1000);
  expect(groups.at(-1)).toMatchObject({
    obstacle: null,
    lastSuccessAt: 1_800_000_000,
    lastFailureAt: 0,
    series: 52,
  });
});
