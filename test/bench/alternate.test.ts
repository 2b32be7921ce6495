import { expect, it } from "vitest";

import { alternate } from "./alternate.ts";

function contenders() {
  const order: string[] = [];
  const run = (name: string) => () => {
    order.push(name);
    return order.length;
  };
  return { order, both: { a: run("a"), b: run("b") } };
}

it("runs them in turn, every other round backwards", async () => {
  const { order, both } = contenders();
  expect(await alternate({ rounds: 3, warmUp: false }, both)).toEqual({ a: [1, 4, 5], b: [2, 3, 6] });
  expect(order.join("")).toBe("abbaab");
});

it("does not count the round in which they warm up", async () => {
  const { both } = contenders();
  expect(await alternate({ rounds: 1 }, both)).toEqual({ a: [3], b: [4] });
});
