import { describe, expect, it } from "vitest";

import { createSlots } from "../../src/fleet/slots.ts";

/** Lets everything happen that is due. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("slots", () => {
  it("are limited, and go to waiting work in order", async () => {
    const slots = createSlots(2);
    const got: number[] = [];
    const takes = [0, 1, 2, 3].map(async (who) => {
      const giveBack = await slots.take();
      got.push(who);
      return giveBack;
    });
    await settle();
    expect(got).toEqual([0, 1]);
    (await takes[1]!)();
    await settle();
    expect(got).toEqual([0, 1, 2]);
    (await takes[0]!)();
    await settle();
    expect(got).toEqual([0, 1, 2, 3]);
  });

  it("are given back once, even if that is called twice", async () => {
    const slots = createSlots(1);
    const giveBack = await slots.take();
    giveBack();
    giveBack();
    await slots.take();
    let third = false;
    void slots.take().then(() => (third = true));
    await settle();
    expect(third).toBe(false);
  });
});
