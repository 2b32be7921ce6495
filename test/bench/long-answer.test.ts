import { expect, it } from "vitest";

import type { Group } from "../../src/core/group.ts";
import { readChunks } from "../support/api-answer.ts";
import { longAnswer } from "./long-answer.ts";

it("is an answer of the API of 1,000 groups, at least as long as told", () => {
  const chunks = [...longAnswer(5e6, 1_800_000_000)].map((chunk) => Buffer.from(chunk));
  const groups: Group[] = [];
  readChunks(chunks, ({ group }) => groups.push(group));
  expect(Buffer.concat(chunks).length).toBeGreaterThan(5e6);
  expect(new Set(groups.map(({ key }) => key)).size).toBe(1000);
  expect(groups.at(-1)).toMatchObject({
    obstacle: null,
    lastSuccessAt: 1_800_000_000,
    lastFailureAt: 0,
    series: 52,
  });
});
